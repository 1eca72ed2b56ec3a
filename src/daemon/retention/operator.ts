/** Who gave a command. */
export interface Operator {
  readonly uid: number;
  /** As the system knew it when the command was given; `schedule` where it was the clock. */
  readonly user: string;
  /** As the person said. */
  readonly name?: string;
}
