-- name: markets
select slug, name, country, timezone, currency, lat, lng, aliases from unified.legend_markets order by slug;

-- name: genres
select code, label_es, label_pt, label_en, aliases from unified.legend_genres order by code;
