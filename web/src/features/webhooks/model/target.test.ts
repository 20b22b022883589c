import { expect, it } from 'vitest';
import { isBroker } from './target';

it('a broker is known by its address', () => {
  expect(['mqtts://broker.example.org/vru', ' MQTT://127.0.0.1:1883'].map(isBroker)).toEqual([true, true]);
  expect(['https://example.org/mqtt', '', 'mqttx'].map(isBroker)).toEqual([false, false, false]);
});
