/* Strict, with types. A rule is off only where it fights the house style, and says why. */
import tseslint from "typescript-eslint";

export default tseslint.config(
    { ignores: ["dist", "node_modules", "client/frames.gen.ts"] },
    ...tseslint.configs.strictTypeChecked,
    ...tseslint.configs.stylisticTypeChecked,
    {
        languageOptions: {
            parserOptions: {
                projectService: { allowDefaultProject: ["eslint.config.js", "tools/*.mjs"] },
                tsconfigRootDir: import.meta.dirname,
            },
        },
        linterOptions: { reportUnusedDisableDirectives: "error" },
        rules: {
            eqeqeq: ["error", "always", { null: "ignore" }],
            "no-console": "error",
            "no-var": "error",
            "prefer-const": "error",
            "no-restricted-properties": [
                "error",
                { property: "innerHTML", message: "Words of people are text, never markup." },
                { property: "outerHTML", message: "Words of people are text, never markup." },
            ],
            "no-restricted-syntax": [
                "error",
                {
                    selector: "JSXAttribute[name.name='style']",
                    message: "The content security policy forbids style attributes; use a class.",
                },
                {
                    selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']",
                    message: "Words of people are text, never markup.",
                },
            ],
            "no-restricted-globals": [
                "error",
                { name: "localStorage", message: "Storage throws in private windows: use browserStorage." },
            ],
            "@typescript-eslint/consistent-type-imports": "error",
            "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
            /* An empty text means absent on the wire too. */
            "@typescript-eslint/prefer-nullish-coalescing": ["error", { ignorePrimitives: { string: true } }],
            /* `as T` where the reader can see why; `!` says nothing. */
            "@typescript-eslint/non-nullable-type-assertion-style": "off",
            /* Numbers in a text are written as they are. */
            "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
            /* `() => draw()` and `onClick={() => store.select(null)}` read better than braces around them. */
            "@typescript-eslint/no-confusing-void-expression": [
                "error",
                { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
            ],
        },
    },
    {
        /* The client knows no page: no view, no language, no DOM outside browser.ts. */
        files: ["client/**/*.ts"],
        rules: {
            "no-restricted-imports": [
                "error",
                { patterns: ["preact*", "../parts/*", "../text/*", "../resident/*", "../console/*", "../supervise/*"] },
            ],
        },
    },
    {
        files: ["client/**/*.ts"],
        ignores: ["client/browser.ts", "client/identity.ts", "client/session.ts"],
        rules: {
            "no-restricted-globals": [
                "error",
                "window",
                "document",
                "localStorage",
                "sessionStorage",
                "navigator",
                "location",
                "fetch",
                "WebSocket",
                "setTimeout",
                "setInterval",
            ],
        },
    },
    { files: ["client/browser.ts"], rules: { "no-restricted-globals": "off" } },
    { files: ["tools/*.mjs"], rules: { "no-console": "off" } },
    { files: ["**/*.js", "**/*.mjs"], ...tseslint.configs.disableTypeChecked },
);
