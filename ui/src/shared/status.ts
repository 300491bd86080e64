/** How an HTTP status looks; what it means for the flow is the verdict's business. */
export function statusKind(status: number): "ok" | "redirect" | "warning" | "error" {
  if (status >= 500) return "error";
  if (status >= 400) return "warning";
  if (status >= 300) return "redirect";
  return "ok";
}
