import type { Metadata } from 'next';
import { NodeList } from './node-list';

export const metadata: Metadata = { title: 'Nodes' };

export default function Page() {
  return <NodeList />;
}
