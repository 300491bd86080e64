import type { ActionKind } from "../host/bindings/ActionKind";

/** How an action is offered. */
export interface Offer {
  kind: ActionKind;
  title: string;
  /** What it does, in a few words. */
  sentence: string;
}

/** What can be asked for once there is a token, in groups; which of them are possible the program says. */
export const OFFERS: { name: string; offers: Offer[] }[] = [
  {
    name: "A token's life",
    offers: [
      { kind: "refresh", title: "Refresh now", sentence: "whatever its age" },
      {
        kind: "pretend_expired",
        title: "Pretend expired",
        sentence: "see what a client does then",
      },
      { kind: "rotate", title: "Rotate", sentence: "is the refresh token replaced?" },
      { kind: "reuse_rotated", title: "Reuse the rotated", sentence: "it has to be refused" },
      { kind: "refresh_twice", title: "Two refreshes at once", sentence: "as two windows would" },
      { kind: "revoke_and_try", title: "Revoke and try", sentence: "then call the MCP server" },
      { kind: "revoke", title: "Revoke", sentence: "and forget the tokens" },
    ],
  },
  {
    name: "Look closer",
    offers: [
      { kind: "introspect", title: "Introspect", sentence: "what the server says of the token" },
      { kind: "userinfo", title: "Userinfo", sentence: "who the token is for" },
      { kind: "check_signatures", title: "Check signatures", sentence: "with the server's keys" },
    ],
  },
  {
    name: "This client's registration",
    offers: [
      {
        kind: "read_registration",
        title: "Read registration",
        sentence: "what the server keeps of us",
      },
      { kind: "update_registration", title: "Update registration", sentence: "send it again" },
      {
        kind: "delete_registration",
        title: "Delete registration",
        sentence: "leave nothing behind",
      },
    ],
  },
];

/** Every offer, for the palette. */
export const ALL_OFFERS: Offer[] = OFFERS.flatMap(({ offers }) => offers);

export function offersOf(...kinds: ActionKind[]): Offer[] {
  return kinds.flatMap((kind) => ALL_OFFERS.filter((offer) => offer.kind === kind));
}
