import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { defineConfig, type Plugin } from 'vite'

const here = import.meta.dirname

/** What of swagger-ui-dist the page `/docs` needs, and the licence that goes with it. */
const SWAGGER_UI = [
  'swagger-ui.css',
  'swagger-ui-bundle.js',
  'swagger-ui-bundle.js.LICENSE.txt',
  'LICENSE',
  'NOTICE',
] as const

/** Copies Swagger UI into the assets as it is: it is built already, and nothing comes from another host. */
function swaggerUi(): Plugin {
  const { resolve } = createRequire(import.meta.url)
  return {
    name: 'swagger-ui',
    async generateBundle() {
      for (const name of SWAGGER_UI) {
        const text = await readFile(resolve(`swagger-ui-dist/${name}`), 'utf8')
        // The maps are larger than all else together and stay behind.
        const source = text.replace(/\/\*# sourceMappingURL=\S+\*\/|^\/\/# sourceMappingURL=.*$/m, '')
        this.emitFile({ type: 'asset', fileName: `docs/${name}`, source })
      }
    },
  }
}

export default defineConfig({
  root: here,
  base: '/',
  publicDir: 'public',
  plugins: [swaggerUi()],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: `${here}/../../dist/web`,
    emptyOutDir: true,
    // The Content-Security-Policy has no `data:`.
    assetsInlineLimit: 0,
    rolldownOptions: { input: { demo: `${here}/demo.html`, docs: `${here}/docs.html` } },
  },
})
