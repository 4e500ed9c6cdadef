/**
 * `explain`: what the registry knows of one rule, and the nearest ids where there is none of that
 * name. Reads no image.
 */
import { type ExplainResult, RULE_PAGES, RULES, type Rule, UsageError } from "../findings/index.js";

/** Ids that are offered in place of an unknown one. */
const SUGGESTIONS = 3;
/** Edits beyond which an id is not near. */
const NEAR = 3;

/**
 * Everything about a rule; letters of either case will do.
 *
 * @throws {UsageError} if there is no such rule; it names the nearest ones
 */
export function explainRule(id: string): ExplainResult {
  const rule = RULES.get(id.toUpperCase());
  if (rule === undefined) {
    const near = nearestRules(id);
    const hint = near.length === 0 ? "" : `; did you mean ${near.join(" or ")}?`;
    throw new UsageError(`there is no rule ${id}${hint}`, {
      option: "rule",
      allowed: "an id such as LC-PG-5; docs/RULES.md lists them",
    });
  }
  const page = RULE_PAGES.find(({ rules }) => rules.includes(rule))?.title ?? "";
  return { ...partsOf(rule), page };
}

/** Ids that few edits make of a name, nearest first; a whole family for what is only its letters. */
export function nearestRules(id: string): string[] {
  const wanted = id.toUpperCase();
  const ranked = [...RULES.keys()]
    .map((name) => ({ name, edits: editsBetween(wanted, name) }))
    .filter(({ edits, name }) => edits <= NEAR || name.startsWith(`${wanted}-`))
    .sort((a, b) => a.edits - b.edits);
  return ranked.slice(0, SUGGESTIONS).map(({ name }) => name);
}

function partsOf(rule: Rule): Omit<ExplainResult, "page"> {
  const { id, sentence, source, enforcedBy, restore, strict } = rule;
  const { cases, example, hint, disagree, notVisible } = rule;
  return {
    rule: id,
    sentence,
    source,
    enforcedBy,
    severity: { restore, strict },
    ...(cases === undefined ? {} : { cases }),
    ...(disagree === undefined ? {} : { disagree }),
    ...(example === undefined ? {} : { example }),
    ...(hint === undefined ? {} : { hint }),
    ...(notVisible === undefined ? {} : { notVisible }),
  };
}

/** Insertions, deletions and replacements that make one text of another. */
function editsBetween(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...to].entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
