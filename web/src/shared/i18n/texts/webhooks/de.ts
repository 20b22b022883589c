import type { en } from './en';

export const de: Record<keyof typeof en, string> = {
  'webhooks.title': 'Webhooks',
  'webhooks.text': 'Adressen, die von Alarmen erfahren',
  'webhooks.add': 'Webhook hinzufügen',
  'webhooks.name': 'Name',
  'webhooks.url': 'Adresse',
  'webhooks.state': 'Zustand',
  'webhooks.delivered': 'Zuletzt zugestellt',
  'webhooks.none': 'Noch keine Webhooks',
  'webhooks.none-text': 'Ein Webhook sendet jeden Alarm an eine https-Adresse, der Reihe nach, bis er angenommen wird.',
  'webhooks.remove': '{name} entfernen?',
  'webhooks.remove-text':
    'Die Adresse erfährt von keinem Alarm mehr, auch nicht von denen, die noch auf sie warten. Ein neuer Webhook hat ein anderes Geheimnis.',
  'webhooks.remove-sure': 'Webhook entfernen',
  'webhooks.once': 'Bewahren Sie dieses Geheimnis jetzt auf, es wird nicht wieder gezeigt:',
  'webhooks.test': 'Testen',
  'webhooks.test-accepted': 'Angenommen in {ms} ms',
  'webhooks.test-refused': 'Nicht angenommen: {why}',
  'webhooks.username': 'Benutzername beim Broker',
  'webhooks.password': 'Passwort beim Broker',
  'webhooks.mqtt': 'MQTT, ohne Anmeldung',
  'webhooks.mqtt-login': 'MQTT, mit Anmeldung',
  'webhooks.waits': 'Wartet seit',
  'webhooks.url-help':
    'https:// sendet jedes Ereignis; mqtts://HOST:PORT/PREFIX veröffentlicht es bei einem MQTT-Broker.',
  'webhooks.is-idle': 'Nichts wartet',
  'webhooks.is-delivering': 'Stellt zu',
  'webhooks.is-failing': 'Versagt',
  'webhooks.is-paused': 'Angehalten',
};
