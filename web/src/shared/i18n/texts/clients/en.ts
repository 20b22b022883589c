export const en = {
  'clients.title': 'API clients',
  'clients.text':
    'A client exchanges its secret for tokens that are good for minutes, for this API and for other services that trust it.',
  'clients.add': 'Make a client',
  'clients.id': 'Client ID',
  'clients.none': 'No clients yet',
  'clients.none-text': 'Use a client where a program shall not keep a key that is good for months.',
  'clients.once': 'Keep ID and secret now, the secret is not shown again:',
} as const;
