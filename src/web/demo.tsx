import { render } from 'preact'
import { ChatPage } from './chat-page.tsx'
import { readSettings } from './settings.ts'

const root = document.getElementById('app')
if (root !== null) render(<ChatPage initial={readSettings()} />, root)
