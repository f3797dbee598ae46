-- Legends and statuses: run at every migration, so that a corrected label reaches an old database.

set local search_path = unified;

insert into status_registry (domain, status, label_es, label_pt, label_en, is_terminal, position) values
    ('claim', 'unclaimed', 'sin reclamar', 'não reivindicado', 'unclaimed', false, 1),
    ('claim', 'pending', 'en revisión', 'em análise', 'pending', false, 2),
    ('claim', 'claimed', 'reclamado', 'reivindicado', 'claimed', false, 3),
    ('event', 'scheduled', 'programado', 'agendado', 'scheduled', false, 1),
    ('event', 'sold_out', 'agotado', 'esgotado', 'sold out', false, 2),
    ('event', 'moved', 'cambió de lugar u hora', 'mudou de local ou horário', 'moved', false, 3),
    ('event', 'postponed', 'aplazado', 'adiado', 'postponed', false, 4),
    ('event', 'cancelled', 'cancelado', 'cancelado', 'cancelled', true, 5),
    ('sync', 'idle', 'al día', 'em dia', 'up to date', false, 1),
    ('sync', 'running', 'aplicando', 'aplicando', 'applying', false, 2),
    ('sync', 'rebuilding', 'reconstruyendo', 'reconstruindo', 'rebuilding', false, 3),
    ('sync', 'failed', 'con error', 'com erro', 'failed', false, 4),
    ('job', 'queued', 'en espera', 'na fila', 'queued', false, 1),
    ('job', 'running', 'en curso', 'em andamento', 'running', false, 2),
    ('job', 'undoing', 'deshaciéndose', 'desfazendo', 'undoing', false, 3),
    ('job', 'succeeded', 'terminado', 'concluído', 'succeeded', true, 4),
    ('job', 'failed', 'fallido', 'falhou', 'failed', true, 5),
    ('job', 'cancelled', 'cancelado', 'cancelado', 'cancelled', true, 6),
    ('verdict', 'useful', 'útil', 'útil', 'useful', true, 1),
    ('verdict', 'partial', 'útil en parte', 'útil em parte', 'partly useful', true, 2),
    ('verdict', 'wrong', 'equivocado', 'errado', 'wrong', true, 3),
    ('verdict', 'dead_end', 'sin salida', 'sem saída', 'dead end', true, 4)
on conflict (domain, status) do update set
    label_es = excluded.label_es, label_pt = excluded.label_pt, label_en = excluded.label_en,
    is_terminal = excluded.is_terminal, position = excluded.position;

insert into legend_channels (code, label_es, label_pt, label_en) values
    ('instagram', 'Instagram', 'Instagram', 'Instagram'),
    ('whatsapp', 'WhatsApp', 'WhatsApp', 'WhatsApp'),
    ('web', 'sitio web', 'site', 'website'),
    ('email', 'correo', 'e-mail', 'e-mail'),
    ('phone', 'teléfono', 'telefone', 'phone'),
    ('organic', 'orgánico', 'orgânico', 'organic'),
    ('paid', 'pauta', 'pago', 'paid')
on conflict (code) do update set
    label_es = excluded.label_es, label_pt = excluded.label_pt, label_en = excluded.label_en;

insert into legend_markets (slug, name, country, timezone, currency, lat, lng, aliases) values
    ('medellin', 'Medellín', 'CO', 'America/Bogota', 'COP', 6.2442, -75.5812, '{medallo,"la ciudad de la eterna primavera"}'),
    ('bogota', 'Bogotá', 'CO', 'America/Bogota', 'COP', 4.7110, -74.0721, '{"bogota dc"}'),
    ('cali', 'Cali', 'CO', 'America/Bogota', 'COP', 3.4516, -76.5320, '{"santiago de cali"}'),
    ('cartagena', 'Cartagena', 'CO', 'America/Bogota', 'COP', 10.3910, -75.4794, '{"cartagena de indias"}'),
    ('quito', 'Quito', 'EC', 'America/Guayaquil', 'USD', -0.1807, -78.4678, '{uio}'),
    ('guayaquil', 'Guayaquil', 'EC', 'America/Guayaquil', 'USD', -2.1894, -79.8891, '{}'),
    ('ciudad-de-mexico', 'Ciudad de México', 'MX', 'America/Mexico_City', 'MXN', 19.4326, -99.1332, '{cdmx,"mexico city","mexico df","cidade do mexico"}'),
    ('guadalajara', 'Guadalajara', 'MX', 'America/Mexico_City', 'MXN', 20.6597, -103.3496, '{gdl}'),
    ('monterrey', 'Monterrey', 'MX', 'America/Monterrey', 'MXN', 25.6866, -100.3161, '{mty}'),
    ('lima', 'Lima', 'PE', 'America/Lima', 'PEN', -12.0464, -77.0428, '{}'),
    ('santiago', 'Santiago', 'CL', 'America/Santiago', 'CLP', -33.4489, -70.6693, '{"santiago de chile"}'),
    ('valparaiso', 'Valparaíso', 'CL', 'America/Santiago', 'CLP', -33.0472, -71.6127, '{valpo,"vina del mar","region de valparaiso"}'),
    ('buenos-aires', 'Buenos Aires', 'AR', 'America/Argentina/Buenos_Aires', 'ARS', -34.6037, -58.3816, '{caba}'),
    ('montevideo', 'Montevideo', 'UY', 'America/Montevideo', 'UYU', -34.9011, -56.1645, '{}'),
    ('sao-paulo', 'São Paulo', 'BR', 'America/Sao_Paulo', 'BRL', -23.5505, -46.6333, '{sampa}'),
    ('rio-de-janeiro', 'Rio de Janeiro', 'BR', 'America/Sao_Paulo', 'BRL', -22.9068, -43.1729, '{rio}'),
    ('panama', 'Ciudad de Panamá', 'PA', 'America/Panama', 'USD', 8.9824, -79.5199, '{"panama city",panama}'),
    ('gijon', 'Gijón', 'ES', 'Europe/Madrid', 'EUR', 43.5322, -5.6611, '{xixon}'),
    ('berlin', 'Berlin', 'DE', 'Europe/Berlin', 'EUR', 52.5200, 13.4050, '{berlim}')
on conflict (slug) do update set
    name = excluded.name, country = excluded.country, timezone = excluded.timezone, currency = excluded.currency,
    lat = excluded.lat, lng = excluded.lng, aliases = excluded.aliases;

insert into legend_genres (code, label_es, label_pt, label_en, aliases) values
    ('salsa', 'salsa', 'salsa', 'salsa', '{"salsa brava","salsa dura",timba}'),
    ('bachata', 'bachata', 'bachata', 'bachata', '{}'),
    ('merengue', 'merengue', 'merengue', 'merengue', '{}'),
    ('reggaeton', 'reguetón', 'reggaeton', 'reggaeton', '{perreo,regueton,urbano,dembow,"musica urbana"}'),
    ('hip-hop', 'hip hop', 'hip hop', 'hip hop', '{rap,trap,freestyle,hiphop}'),
    ('rock', 'rock', 'rock', 'rock', '{"rock en espanol",rockero}'),
    ('indie', 'indie', 'indie', 'indie', '{alternativo,alternative,alternativa}'),
    ('pop', 'pop', 'pop', 'pop', '{}'),
    ('techno', 'techno', 'techno', 'techno', '{tecno}'),
    ('house', 'house', 'house', 'house', '{"deep house","tech house"}'),
    ('electronic', 'electrónica', 'eletrônica', 'electronic', '{electro,edm,rave,electronica,"musica electronica","electronic music"}'),
    ('jazz', 'jazz', 'jazz', 'jazz', '{"latin jazz",swing,bossa,"bossa nova"}'),
    ('blues', 'blues', 'blues', 'blues', '{}'),
    ('cumbia', 'cumbia', 'cumbia', 'cumbia', '{chicha}'),
    ('vallenato', 'vallenato', 'vallenato', 'vallenato', '{}'),
    ('folk', 'folclor', 'folclore', 'folk', '{folclore,folklore,bullerengue,currulao,andina,"musica andina",cantautor}'),
    ('samba', 'samba', 'samba', 'samba', '{pagode,forro,sertanejo,mpb}'),
    ('tango', 'tango', 'tango', 'tango', '{milonga}'),
    ('classical', 'clásica', 'clássica', 'classical', '{sinfonica,orquesta,filarmonica,"musica clasica","classical music",orchestra}'),
    ('opera', 'ópera', 'ópera', 'opera', '{zarzuela}'),
    ('metal', 'metal', 'metal', 'metal', '{"heavy metal"}'),
    ('punk', 'punk', 'punk', 'punk', '{hardcore}'),
    ('reggae', 'reggae', 'reggae', 'reggae', '{ska,dub,dancehall}'),
    ('soul', 'soul', 'soul', 'soul', '{"r&b"}'),
    ('funk', 'funk', 'funk', 'funk', '{}'),
    ('disco', 'disco', 'disco', 'disco', '{}'),
    ('afrobeat', 'afrobeat', 'afrobeat', 'afrobeat', '{afro,champeta}'),
    ('experimental', 'experimental', 'experimental', 'experimental', '{ambient,noise}'),
    ('music', 'música', 'música', 'music', '{}'),
    ('comedy', 'comedia', 'comédia', 'comedy', '{"stand up",standup,humor}'),
    ('theatre', 'teatro', 'teatro', 'theatre', '{theater,"artes escenicas","teatro / artes escenicas"}'),
    ('dance', 'danza', 'dança', 'dance', '{ballet,baile}'),
    ('film', 'cine', 'cinema', 'film', '{pelicula,peliculas,movie,movies,filme}'),
    ('literature', 'literatura', 'literatura', 'literature', '{poesia,poetry,libros,books}'),
    ('art', 'arte', 'arte', 'art', '{exposicion,exposiciones,exhibition,exposicao,museos,museo,"artes visuales","artes visuales / museo"}'),
    ('festival', 'festival', 'festival', 'festival', '{festivales,festivals}'),
    ('family', 'familiar', 'família', 'family', '{ninos,infantil,kids,criancas}'),
    ('gastronomy', 'gastronomía', 'gastronomia', 'gastronomy', '{comida,food,cata,"ferias y gastronomia","gastronomia / ferias"}'),
    ('talk', 'charla', 'palestra', 'talk', '{conferencia,conversatorio,panel}'),
    ('workshop', 'taller', 'oficina', 'workshop', '{curso,cursos,talleres,"cursos y talleres",masterclass,"formacion / taller"}'),
    ('market', 'feria', 'feira', 'fair', '{mercado,mercadillo,ferias}'),
    ('sports', 'deporte', 'esporte', 'sports', '{deportes,yoga,"deporte / bienestar","naturaleza y deportes"}'),
    ('culture', 'cultura', 'cultura', 'culture', '{panorama,"actividad / panorama","otros panoramas",cultural}')
on conflict (code) do update set
    label_es = excluded.label_es, label_pt = excluded.label_pt, label_en = excluded.label_en,
    aliases = excluded.aliases;
