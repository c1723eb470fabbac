// Reads an OpenAPI document and says what an independent validator finds: node validate.mjs FILE
import SwaggerParser from '@apidevtools/swagger-parser'

const file = process.argv[2]
try {
  const api = await SwaggerParser.validate(file)
  const operations = Object.values(api.paths).reduce((sum, item) => sum + Object.keys(item).length, 0)
  console.log(`openapi ${api.openapi}: ${Object.keys(api.paths).length} paths, ${operations} operations`)
} catch (problem) {
  console.error(String(problem.message ?? problem).slice(0, 3000))
  process.exit(1)
}
