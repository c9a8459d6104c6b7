import { app } from './edge/app.ts'

export { SessionHub } from './hub/session-hub.ts'
export { Monitor } from './monitor/monitor.ts'

export default app
