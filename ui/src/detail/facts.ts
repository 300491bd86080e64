import type { Detail } from "../host/bindings/Detail";
import type { EntryKind } from "../host/bindings/EntryKind";
import type { Header } from "../host/bindings/Header";
import type { Participant } from "../host/bindings/Participant";
import { Mask } from "../shared/mask";

export type ExchangeEntry = Extract<EntryKind, { is: "exchange" }>;

export function exchangeOf(detail: Detail | null): ExchangeEntry | null {
  return detail?.entry.kind.is === "exchange" ? detail.entry.kind : null;
}

export function headerValue(headers: readonly Header[], name: string): string | null {
  return headers.find((header) => header.name.toLowerCase() === name)?.value ?? null;
}

/** Hides every value that the program calls a secret. */
export function maskOf(detail: Detail): Mask {
  return new Mask(
    detail.decoded.flatMap(({ fields }) => fields.flatMap((f) => (f.secret ? [f.value] : []))),
  );
}

export function nameOf(participants: readonly Participant[], id: number): string {
  return participants.find((participant) => participant.id === id)?.name ?? "unknown";
}
