/* The least of a store: something that changes and says so. Views take a snapshot by version. */
export class Store {
    version = 0;
    private readonly listeners = new Set<() => void>();

    subscribe(listener: () => void): () => void {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
    }

    readonly changed = (): void => {
        this.version++;
        for (const listener of this.listeners) listener();
    };
}
