/** Questions under way, by name. */
type Flights<Answer> = Map<string, Promise<Answer>>;

/**
 * Asks, or waits for a question that begins after this call. The one under way may have begun before what must be shown was committed, so
 * nobody joins it; all who come meanwhile share the next one. However many ask for a key, it is asked for once at a time. Names of
 * `flights` that begin with "fresh" and "next" are taken; rejects as the question does.
 */
export function nextFlight<Answer>(flights: Flights<Answer>, name: string, ask: () => Promise<Answer>): Promise<Answer> {
  const current = flights.get(`fresh ${name}`);
  if (!current) return fly(flights, `fresh ${name}`, ask);
  const known = flights.get(`next ${name}`);
  if (known) return known;
  const next = current
    .then(nothing, nothing)
    .then(() => flights.delete(`next ${name}`))
    .then(() => nextFlight(flights, name, ask));
  flights.set(`next ${name}`, next);
  return next;
}

function fly<Answer>(flights: Flights<Answer>, name: string, ask: () => Promise<Answer>): Promise<Answer> {
  const flight = ask().finally(() => flights.delete(name));
  flights.set(name, flight);
  return flight;
}

const nothing = () => undefined;
