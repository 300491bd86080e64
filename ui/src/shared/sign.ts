/** How something stands, as a character and a colour say it. */
export type Sign = "ok" | "note" | "warning" | "error" | "pending" | "active" | "skipped";
