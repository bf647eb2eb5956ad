/** Listeners of the page, told without a say in what the SDK does next. */

/** Calls each listener. What one throws is the page's own error: it reaches the page, and cuts neither the others short nor us. */
export function tell<T>(listeners: Iterable<(value: T) => void>, value: T): void {
  for (const listener of [...listeners]) {
    try {
      listener(value);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}
