/** Whether events are published to an MQTT broker, and not posted. */
export function isBroker(url: string): boolean {
  return /^mqtts?:/i.test(url.trim());
}
