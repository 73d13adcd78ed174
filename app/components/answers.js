// Mirrors the visit's answers into this tab's session storage, and hands over once what an earlier visit left there.

const PLACE = "fcn-lab-answers";

export default function ({ data, setTriggerValue }) {
  try {
    const left = JSON.parse(sessionStorage.getItem(PLACE) ?? "null");
    if (left && left.visit !== data.visit && !data.taken) setTriggerValue("found", left.held);
    else sessionStorage.setItem(PLACE, JSON.stringify({ visit: data.visit, held: data.held }));
  } catch {
    // Storage is switched off or holds something else: the answers stay on the server for the visit.
    try {
      sessionStorage.removeItem(PLACE);
    } catch {}
  }
}
