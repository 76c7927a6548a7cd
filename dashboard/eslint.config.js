import hooks from "eslint-plugin-react-hooks";
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

export default defineConfig(
  { ignores: ["node_modules", "src/api.d.ts"] },
  tseslint.configs.strict,
  { files: ["src/**/*.{ts,tsx}"], ...hooks.configs.flat["recommended-latest"] },
  { rules: { "@typescript-eslint/no-non-null-assertion": "off", "@typescript-eslint/no-invalid-void-type": "off" } },
  {
    files: ["src/**/*.{ts,tsx}"],
    rules: {
      // What is shown came from people: React escapes it, and nothing may go around that.
      "no-restricted-syntax": [
        "error",
        { selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']", message: "Text is escaped, always." },
        { selector: "MemberExpression[property.name=/^(innerHTML|outerHTML|insertAdjacentHTML)$/]", message: "Text is escaped, always." },
        { selector: "JSXAttribute[name.name='href'] > JSXExpressionContainer > MemberExpression", message: "Use <PreviewLink> or <Outside>, which check the address." },
      ],
      "no-restricted-globals": ["error", "eval"],
    },
  },
);
