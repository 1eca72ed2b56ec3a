import { expect, test } from 'vitest';
import { hostLine, missingHostLine, okLine, openedLine, refusalLine, sendingLine } from '../../src/delivery/seed-tool.js';

test('the session is announced with its protection', () => {
  expect(openedLine(true)).toBe('Opened SMTP connection (STARTTLS)');
  expect(openedLine(false)).toBe('Opened SMTP connection (plain)');
});

test('the login is shown with the password masked', () => {
  expect(hostLine({ host: 'smtp.example.com', port: 587, user: 'SMTP_Injection', password: 'a-long-secret-password' })).toBe(
    'Host: smtp.example.com Port: 587 User: "SMTP_Injection" Password: "********"',
  );
});

test('the mask does not tell the length of the password', () => {
  const login = { host: 'smtp.example.com', port: 587, user: 'u' };
  expect(hostLine({ ...login, password: 'x' })).toBe(hostLine({ ...login, password: 'x'.repeat(64) }));
});

test('without a login user and password are empty', () => {
  expect(hostLine({ host: 'localhost', port: 25 })).toBe('Host: localhost Port: 25 User: "" Password: ""');
  expect(hostLine({ host: 'localhost', port: 25, user: '', password: '' })).toBe('Host: localhost Port: 25 User: "" Password: ""');
});

test('the message is announced with file, From and To', () => {
  expect(sendingLine({ file: 'samples/fancy.eml', from: 'Steve <steve@example.com>', to: 'Bob <bob@example.net>' })).toBe(
    'Sending: samples/fancy.eml From: Steve <steve@example.com> To: Bob <bob@example.net>',
  );
});

test('a header cannot steer the terminal', () => {
  expect(sendingLine({ file: 'a.eml', from: '\u001b]0;x\u0007\r\nOK', to: '\u202egnp' })).toBe('Sending: a.eml From: ?]0;x???OK To: ?gnp');
});

test('the time is given in seconds with three places', () => {
  expect(okLine(57.4)).toBe('OK - in 0.057 seconds');
  expect(okLine(12_345)).toBe('OK - in 12.345 seconds');
});

test('the missing host is named by its variable', () => {
  expect(missingHostLine()).toBe('Environment variable SMTP_HOST not set - stopping');
});

test('a refusal is in the words of the server', () => {
  expect(refusalLine({ address: 'bob@example.net', status: 'refused', code: '550', text: 'relaying denied' })).toBe(
    'bob@example.net: 550 relaying denied',
  );
});
