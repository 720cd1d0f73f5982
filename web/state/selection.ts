// Services chosen in their list, in the order in which they were chosen. Rows ask for themselves only.
import { create } from 'zustand';

export const useSelection = create<{ ids: readonly string[] }>(() => ({ ids: [] }));

export const toggleSelected = (id: string): void =>
  useSelection.setState(({ ids }) => ({ ids: ids.includes(id) ? ids.filter((x) => x !== id) : [...ids, id] }));

export const clearSelection = (): void => useSelection.setState({ ids: [] });
