// The kinds of checks in plain language.
import type { CheckKind } from './service-form';

interface CheckText {
  word: string;
  text: string; // what it does and when to choose it
  target: string; // label of what it asks
  example: string;
}

export const checkTexts: Record<CheckKind, CheckText> = {
  none: { word: 'No check', text: 'Hydra shows it and asks nothing. Its state is “no check”, never “healthy”.', target: '', example: '' },
  http: { word: 'Web page', text: 'Opens the page and expects a good answer. Right for everything with an address in the browser.', target: 'Address to ask', example: 'http://router.lan/' },
  tcp: { word: 'Port', text: 'Opens a connection to a port. Right for databases, SSH, mail, brokers.', target: 'Host and port', example: '192.168.1.1:22' },
  dns: { word: 'Name lookup', text: 'Asks for a name, at a server of your choice. Right for DNS servers and ad blockers.', target: 'Name, with @server', example: 'example.com@192.168.1.1' },
  icmp: { word: 'Ping', text: 'Asks the machine for a sign of life. Right for routers, switches, printers; says nothing of what runs there.', target: 'Host', example: '192.168.1.1' },
  docker: { word: 'Docker health', text: 'Takes Docker’s own word: running, and healthy where the image says so.', target: 'Container', example: 'plex' },
  systemd: { word: 'systemd unit', text: 'Takes systemd’s word: the unit is active.', target: 'Unit', example: 'ssh.service' },
  process: { word: 'Process', text: 'A process of this name runs. Says nothing of whether it answers.', target: 'Process name', example: 'redis-server' },
};

export const checkKinds = Object.keys(checkTexts) as CheckKind[];

export const checkWord = (kind: string): string => (kind in checkTexts ? checkTexts[kind as CheckKind].word : kind);
