/** What the machine does so that a worker's state outlives its process. */
export interface StateHost {
  /** The text of the file, or null where there is none. */
  read(file: string): Promise<string | null>;
  /**
   * Replaces the file's content by `text`, atomically.
   *
   * @throws CeleryError `option-invalid` where the file cannot be written
   */
  write(file: string, text: string): Promise<void>;
}
