// The worker's entry: one log at a time, for one page.
import { LogFeed, type ToFeed } from './log-feed';

const feed = new LogFeed((m) => postMessage(m));
onmessage = (e: MessageEvent<ToFeed>) => feed.receive(e.data);
