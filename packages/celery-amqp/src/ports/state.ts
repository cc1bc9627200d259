/** What the machine does so that a worker's state outlives its process. */
export interface StateHost {
  /** The text of the file, or null where there is none. */
  read(file: string): Promise<string | null>;
  /**
   * Puts `text` in place of what the file held; no reader sees half of it.
   *
   * @throws CeleryError `option-invalid` where nothing can be written
   */
  write(file: string, text: string): Promise<void>;
}
