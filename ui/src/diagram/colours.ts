import type { Participant } from "../host/bindings/Participant";
import type { Role } from "../host/bindings/Role";

const BY_ROLE: Partial<Record<Role, string>> = {
  client: "--client",
  browser: "--browser",
  mcp_server: "--resource",
  authorization_server: "--authority",
  identity_provider: "--identity",
};
const OTHERS = ["--other-1", "--other-2", "--other-3", "--other-4"];

/** Each participant's colour, by id: the first of a role has the role's, later ones take from the rest in turn. */
export function colours(participants: readonly Participant[]): Map<number, string> {
  const taken = new Set<string>();
  let others = 0;
  return new Map(
    participants.map(({ id, role }) => {
      const own = BY_ROLE[role];
      const token = own && !taken.has(own) ? own : OTHERS[others++ % OTHERS.length]!;
      taken.add(token);
      return [id, `var(${token})`];
    }),
  );
}
