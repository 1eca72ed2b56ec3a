import { createServer } from 'node:http';

export interface HttpServer {
  close(): Promise<void>;
}

export interface HealthSource {
  readonly status: string;
}

/**
 * `GET /health`: the daemon's state as JSON, 200 while all is well and 503 while something waits for a person or a resource. Meant for
 * loopback. That the port is taken stops no mail: it is logged, and the page is not there.
 */
export async function openHealthServer(
  listen: { host: string; port: number },
  report: () => HealthSource,
  log: { warn(message: string, facts?: object): void },
): Promise<HttpServer | undefined> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/health') {
      response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('There is /health here.\n');
      return;
    }
    const state = report();
    response.writeHead(state.status === 'ok' ? 200 : 503, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    response.end(`${JSON.stringify(state, null, 2)}\n`);
  });
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(listen.port, listen.host, () => resolve()));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    log.warn(`the health page is not available: ${why}`, { cure: 'Free the port, or set http.listen to another one or to off.' });
    return undefined;
  }
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
