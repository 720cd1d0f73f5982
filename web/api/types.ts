// Short names for what the contract (api/openapi.yaml) generates.
import type { components } from './schema';

type Schemas = components['schemas'];

export type Problem = Schemas['Problem'];
export type Verdict = Schemas['Verdict'];
export type Counts = Schemas['Counts'];
export type Attention = Schemas['Attention'];
export type Vitals = Schemas['Vitals'];
export type Gpu = Schemas['Gpu'];
export type Source = Schemas['Source'];
export type Node = Schemas['Node'];
export type NodeParts = Schemas['NodeParts'];
export type NodeDetail = Schemas['NodeDetail'];
export type Trends = Schemas['Trends'];
export type Window = Schemas['Window'];
export type Process = Schemas['Process'];
export type Processes = Schemas['Processes'];
export type Service = Schemas['Service'];
export type ServiceDetail = Schemas['ServiceDetail'];
export type ServiceInput = Schemas['ServiceInput'];
export type ServiceRecord = Schemas['ServiceRecord'];
export type CheckInput = Schemas['CheckInput'];
export type FeedEntry = Schemas['FeedEntry'];
export type FeedPage = Schemas['FeedPage'];
export type Overview = Schemas['Overview'];
export type NodeList = Schemas['NodeList'];
export type ServiceList = Schemas['ServiceList'];
export type Session = Schemas['Session'];
export type Preferences = Schemas['Preferences'];
export type Welcome = Schemas['Welcome'];
export type User = Schemas['User'];
export type Role = Schemas['Role'];
export type UserInput = Schemas['UserInput'];
export type UserChange = Schemas['UserChange'];
export type SessionList = Schemas['SessionList'];
export type Token = Schemas['Token'];
export type TokenInput = Schemas['TokenInput'];
export type TokenSecret = Schemas['TokenSecret'];
export type Permissions = Schemas['Permissions'];
export type AuditEntry = Schemas['AuditEntry'];
export type AuditPage = Schemas['AuditPage'];
export type AuditVerdict = Schemas['AuditVerdict'];
export type Enrolment = Schemas['Enrolment'];
export type EnrolmentInput = Schemas['EnrolmentInput'];
export type EnrolmentSecret = Schemas['EnrolmentMade'];
export type EnrolmentSystem = keyof EnrolmentSecret['commands'];
export type Job = Schemas['Job'];
export type JobPage = Schemas['JobPage'];
export type JobOrder = Schemas['JobOrder'];
export type Action = Schemas['Action'];
export type GuardRails = Schemas['GuardRails'];
export type GuardRule = Schemas['GuardRule'];
export type NodePolicy = Schemas['NodePolicy'];
export type ProcessTree = Schemas['ProcessTree'];
export type TreeProcess = ProcessTree['processes'][number];
export type Disks = Schemas['Disks'];
export type Disk = Schemas['Disk'];
export type DockerUsage = Schemas['DockerUsage'];
export type PackageUpdates = Schemas['PackageUpdates'];
export type KernelLog = Schemas['KernelLog'];
export type TimeState = Schemas['TimeState'];
export type System = Schemas['System'];

/* The part of a service that decides where it is listed; the rest changes without moving it. */
export type ServiceRef = Pick<Service, 'id' | 'display' | 'group' | 'node' | 'kind' | 'hidden'>;
/* A node without its vitals, which live in the series and never in Query. */
export type NodeFacts = Omit<Node, 'vitals'>;
