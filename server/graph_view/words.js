"use strict";
// What the view says by itself, in the three languages of the markets.
const WORDS = {
  en: {
    title: (n, name) => `${n} from ${name}`, waiting: "Waiting for a traversal…", nothing: "Nothing there.",
    failed: "The traversal failed.", shown: (n, all) => (n < all ? `${n} of ${all} shown` : ""),
    keys: "Tab and arrow keys: nodes · Enter: details · + − 0: zoom · Esc: back",
    weight: "weight", score: "Score", when: "When", venue: "Venue", market: "Market", price: "Price", genres: "Genres",
    path: "Way", more: "Show what is around it", closer: "Closer", farther: "Farther", whole: "Show all",
    kinds: { artist: "Artist", event: "Event", venue: "Venue", organization: "Organisation", person: "Person",
      market: "Market", brand: "Brand", other: "Other" },
    edges: { PERFORMS_AT: "plays at", HOSTED_BY: "held at", PROMOTED_BY: "promoted by", IN_LOCATION: "in",
      OWNS: "owns", MANAGES: "manages", WORKS_FOR: "works for", SHARED: "shared", ATTENDED: "attended" },
  },
  es: {
    title: (n, name) => `${n} desde ${name}`, waiting: "Esperando un recorrido…", nothing: "No hay nada.",
    failed: "El recorrido falló.", shown: (n, all) => (n < all ? `se muestran ${n} de ${all}` : ""),
    keys: "Tab y flechas: nodos · Enter: detalles · + − 0: zoom · Esc: volver",
    weight: "peso", score: "Puntaje", when: "Cuándo", venue: "Lugar", market: "Ciudad", price: "Precio",
    genres: "Géneros", path: "Camino", more: "Ver qué hay alrededor", closer: "Acercar", farther: "Alejar",
    whole: "Ver todo",
    kinds: { artist: "Artista", event: "Evento", venue: "Lugar", organization: "Organización", person: "Persona",
      market: "Ciudad", brand: "Marca", other: "Otro" },
    edges: { PERFORMS_AT: "toca en", HOSTED_BY: "es en", PROMOTED_BY: "lo organiza", IN_LOCATION: "en",
      OWNS: "es dueño de", MANAGES: "maneja", WORKS_FOR: "trabaja para", SHARED: "compartió", ATTENDED: "fue a" },
  },
  pt: {
    title: (n, name) => `${n} a partir de ${name}`, waiting: "Esperando um percurso…", nothing: "Não há nada.",
    failed: "O percurso falhou.", shown: (n, all) => (n < all ? `${n} de ${all} à vista` : ""),
    keys: "Tab e setas: nós · Enter: detalhes · + − 0: zoom · Esc: voltar",
    weight: "peso", score: "Pontuação", when: "Quando", venue: "Local", market: "Cidade", price: "Preço",
    genres: "Gêneros", path: "Caminho", more: "Ver o que há em volta", closer: "Aproximar", farther: "Afastar",
    whole: "Ver tudo",
    kinds: { artist: "Artista", event: "Evento", venue: "Local", organization: "Organização", person: "Pessoa",
      market: "Cidade", brand: "Marca", other: "Outro" },
    edges: { PERFORMS_AT: "toca em", HOSTED_BY: "é em", PROMOTED_BY: "organizado por", IN_LOCATION: "em",
      OWNS: "é dono de", MANAGES: "gerencia", WORKS_FOR: "trabalha para", SHARED: "compartilhou", ATTENDED: "foi a" },
  },
};
// Of a node on the way only its name is known; the edges that end in it tell its kind: [source, target].
const ENDS = {
  PERFORMS_AT: ["artist", "event"], HOSTED_BY: ["event", "venue"], PROMOTED_BY: ["event", "organization"],
  WORKS_FOR: ["person", "organization"], MANAGES: ["person", "other"], OWNS: ["person", "other"],
  IN_LOCATION: ["other", "market"], ATTENDED: ["person", "event"], SHARED: ["person", "other"],
};
const KINDS = ["artist", "event", "venue", "organization", "person", "market", "brand", "other"];
