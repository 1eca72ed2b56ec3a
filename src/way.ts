/** The ways by which a sealed copy can reach the MTA. */
export const WAYS = ['pickup', 'smtp', 'sparkpost', 'sendmail', 'kumomta'] as const;

export type Way = (typeof WAYS)[number];

/**
 * By pickup a copy is renamed into a directory, exactly once, and nobody answers. By every other way it is offered to a server or a
 * program that answers for each recipient: at least once, and the same bytes on every attempt.
 */
export type AnsweringWay = Exclude<Way, 'pickup'>;

export const ANSWERING_WAYS = ['smtp', 'sparkpost', 'sendmail', 'kumomta'] as const satisfies readonly AnsweringWay[];
