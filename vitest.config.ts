import { availableParallelism } from "node:os";
import { configDefaults, defineConfig } from "vitest/config";

/** Rooms whose tests only compute: they share a process, so that modules are loaded once in it. */
const PURE = ["checks", "findings", "format", "guest", "report", "restore", "stream"].map(
  (room) => `test/${room}/**/*.test.ts`,
);

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Vitest leaves one processor idle, of two.
    maxWorkers: availableParallelism(),
    projects: [
      { extends: true, test: { name: "pure", include: PURE, isolate: false } },
      {
        extends: true,
        test: {
          name: "rest",
          include: ["test/**/*.test.ts"],
          exclude: [...configDefaults.exclude, ...PURE],
        },
      },
    ],
  },
});
