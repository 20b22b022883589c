export interface Choice {
  value: string;
  label: string;
}

/** What is chosen is among what can be chosen, also before its name has come, and where the server denies it. */
export function withChosen(choices: readonly Choice[], value: string, label = value): Choice[] {
  return choices.some((choice) => choice.value === value) ? [...choices] : [...choices, { value, label }];
}
