import { defineConfig } from 'vite'

const here = import.meta.dirname

export default defineConfig({
  root: here,
  base: '/',
  publicDir: 'public',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: `${here}/../../dist/web`,
    emptyOutDir: true,
    // The Content-Security-Policy has no `data:`.
    assetsInlineLimit: 0,
    rolldownOptions: { input: { demo: `${here}/demo.html` } },
  },
})
