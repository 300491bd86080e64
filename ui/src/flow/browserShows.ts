import type { BrowserShows } from "../host/bindings/BrowserShows";

/** What can be seen there, and what to do then. */
export const BROWSER_SHOWS: { value: BrowserShows; label: string; what: string; advice: string }[] =
  [
    {
      value: "login",
      label: "A login page",
      what: "a login page",
      advice: "Log in and agree there. The browser then comes back here by itself.",
    },
    {
      value: "error",
      label: "An error page",
      what: "an error page",
      advice:
        "The server refused the request before it could send the browser back, so its reason stands on that page alone. Compare it with the values that were sent, below: most often the address to come back to or the client is not known there.",
    },
    {
      value: "success",
      label: "A success page",
      what: "a success page",
      advice:
        "If its address is that of the callback, paste the whole address below. If it is a page of the server, the server did not send the browser back to the callback.",
    },
    {
      value: "nothing",
      label: "Nothing",
      what: "nothing",
      advice:
        "Copy the URL into a browser by hand. If that stays empty too, the server does not answer: check its address and the network.",
    },
  ];
