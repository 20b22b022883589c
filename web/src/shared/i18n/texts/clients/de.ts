import type { en } from './en';

export const de: Record<keyof typeof en, string> = {
  'clients.title': 'API-Clients',
  'clients.text':
    'Ein Client tauscht sein Geheimnis gegen Token, die Minuten gelten, für diese API und für andere Dienste, die ihr vertrauen.',
  'clients.add': 'Client anlegen',
  'clients.id': 'Client-ID',
  'clients.none': 'Noch keine Clients',
  'clients.none-text': 'Ein Client ist richtig, wo ein Programm keinen Schlüssel behalten soll, der Monate gilt.',
  'clients.once': 'Bewahren Sie ID und Geheimnis jetzt auf, das Geheimnis wird nicht wieder gezeigt:',
};
