-- The labelled truth of the world as far as its sources tell it, and for each class of questions who answers which.
-- A query's columns are the slots of its questions, the last one is what answers them: null where that is a place
-- that events name but no source describes; nobody is asked a question it would answer.

-- name: schema
create table venues (id text primary key, name text, city text, told integer);
create table venue_genres (venue text, genre text);
create table artists (id text primary key, name text, city text, genre text, told integer);
create table promoters (id text primary key, name text, city text);
create table events (
    id text primary key, name text, city text, venue text, genre text, night integer, starts integer, until integer,
    midnight integer, price integer, promoter text
);
create table lineup (event text, artist text);
create table spans (span text, first integer, last integer);
create table caps (city text, price integer);

-- name: when
select e.city, s.span, e.id from events e join spans s on e.night between s.first and s.last
where s.first = s.last and e.until > :now

-- name: genre_when
select e.genre, e.city, s.span, e.id from events e join spans s on e.night between s.first and s.last
where e.until > :now and e.genre is not null

-- name: where
select e.venue, e.id from events e where e.until > :now

-- name: artist_when
select l.artist, e.id from lineup l join events e on e.id = l.event where e.until > :now

-- name: price
select e.city, c.price, s.span, e.id
from events e join spans s on e.night between s.first and s.last join caps c on c.city = e.city
where e.price <= c.price and e.until > :now

-- name: free
select e.city, s.span, e.id from events e join spans s on e.night between s.first and s.last
where e.price = 0 and e.until > :now

-- A night goes on after midnight: what begins then, and what has begun before and is not over.
-- name: after_midnight
select e.city, s.span, e.id from events e join spans s on e.night = s.first and s.first = s.last
where e.until > e.midnight

-- name: venues_of_genre
select g.genre, v.city, v.id from venues v join venue_genres g on g.venue = v.id where v.told

-- name: artists_of_genre
select a.genre, a.city, a.id from artists a where a.told

-- name: homonym
select a.name as title, a.city, a.id from artists a
where exists (select 1 from artists b where b.name = a.name and b.id <> a.id)
union all
select v.name, v.city, case when v.told then v.id end from venues v
where exists (select 1 from venues w where w.name = v.name and w.id <> v.id)

-- name: artists_at_venue
select e.venue, l.artist from events e join lineup l on l.event = e.id where e.until > :now

-- name: venues_of_promoter
select e.promoter, case when v.told then v.id end from events e join venues v on v.id = e.venue
where e.promoter is not null and e.until > :now

-- name: bill_mates
select l.artist, m.artist as mate from lineup l join lineup m on m.event = l.event and m.artist <> l.artist
join events e on e.id = l.event where e.until > :now

-- name: promoters_of_artist
select l.artist, e.promoter from lineup l join events e on e.id = l.event
where e.promoter is not null and e.until > :now

-- name: venues_of_artist
select l.artist, case when v.told then v.id end
from lineup l join events e on e.id = l.event join venues v on v.id = e.venue
where e.until > :now

-- name: artists_when
select e.genre, e.city, s.span, l.artist
from events e join spans s on e.night between s.first and s.last join lineup l on l.event = e.id
where e.until > :now and e.genre is not null
