import { Autocomplete, Button, Group, NativeSelect, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, body, type Schemas } from '@/shared/api/client';
import { useText } from '@/shared/i18n/useText';
import { FailureText } from '@/shared/ui/FailureText';
import { PlaceFields, type WrittenPlace } from '@/shared/ui/PlaceFields';

/** Adds a site, or changes the one with this tag. */
export function SiteForm(props: {
  site?: { value: Schemas['Site']; etag: string };
  onSaved: (site: Schemas['Site']) => void;
}) {
  const { t } = useText();
  const before = props.site?.value;
  const [name, setName] = useState(before?.name ?? '');
  const [zone, setZone] = useState(before?.time_zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone);
  const [units, setUnits] = useState<Schemas['Units']>(before?.units ?? 'metric');
  const [place, setPlace] = useState<WrittenPlace>({
    latitude: before?.location?.latitude ?? '',
    longitude: before?.location?.longitude ?? '',
  });
  const located = place.latitude !== '' || place.longitude !== '';
  const client = useQueryClient();
  const saved = useMutation({
    mutationFn: () => {
      const location = located ? { latitude: Number(place.latitude), longitude: Number(place.longitude) } : null;
      const wanted = { name, time_zone: zone, units, location };
      return props.site
        ? body(
            api.PUT('/api/v1/sites/{site_id}', {
              params: { path: { site_id: props.site.value.id }, header: { 'if-match': props.site.etag } },
              body: wanted,
            }),
          )
        : body(api.POST('/api/v1/sites', { body: wanted }));
    },
    onSuccess: async (site) => {
      await client.invalidateQueries({ queryKey: ['sites'] });
      await client.invalidateQueries({ queryKey: ['site', site.id] });
      props.onSaved(site);
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        saved.mutate();
      }}
    >
      <Stack gap="sm" maw="22rem" ta="left">
        <TextInput
          label={t('site.name')}
          value={name}
          required
          maxLength={100}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Autocomplete
          label={t('site.zone')}
          description={t('site.zone-help')}
          value={zone}
          data={Intl.supportedValuesOf('timeZone')}
          limit={12}
          required
          onChange={setZone}
        />
        <NativeSelect
          label={t('site.units')}
          value={units}
          data={[
            { value: 'metric', label: t('site.metric') },
            { value: 'imperial', label: t('site.imperial') },
          ]}
          onChange={(event) => setUnits(event.currentTarget.value === 'imperial' ? 'imperial' : 'metric')}
        />
        <Group gap="sm" grow align="flex-start">
          <PlaceFields place={place} required={located} onChange={(change) => setPlace({ ...place, ...change })} />
        </Group>
        <Text size="xs" className="quiet">
          {t('site.place-help')}
        </Text>
        <FailureText error={saved.error} />
        <Button type="submit" loading={saved.isPending} style={{ alignSelf: 'flex-start' }}>
          {t(props.site ? 'form.save' : 'site.add')}
        </Button>
      </Stack>
    </form>
  );
}
