import { readdirSync, readFileSync } from 'node:fs'

/** A process of a server's group. */
export interface ServerProcess {
  readonly pid: number
  readonly command: string
}

/** The live processes of a process group, from /proc: nobody else's are ever looked for by name. */
export function groupMembers(group: number): readonly ServerProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const pid = Number(name)
      try {
        // The command's name stands in brackets and may hold anything; after it come state, parent and group.
        const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
        if (Number(fields[2]) !== group || fields[0] === 'Z') return []
        return [{ pid, command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() }]
      } catch {
        return [] // It has ended while we looked.
      }
    })
}

/** What a process holds in memory, and the most it ever held, in MB. */
export function memoryOf(pid: number): { readonly now: number; readonly most: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const megabytes = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? Number.NaN) / 1024
  return { now: megabytes('VmRSS'), most: megabytes('VmHWM') }
}

/** Signals a whole group; one that is gone already is no error. */
export function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/** Resolves when no process of the group is left. @returns false when some are left after `ms` */
export async function groupEnds(group: number, ms: number): Promise<boolean> {
  const until = Date.now() + ms
  while (groupMembers(group).length > 0) {
    if (Date.now() > until) return false
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return true
}
