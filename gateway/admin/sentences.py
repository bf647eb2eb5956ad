"""The sentences of a policy's preview: what may be true of a policy, in every language of the product."""

from __future__ import annotations

from typing import Literal

Language = Literal["fr", "de", "nl", "en"]

SENTENCES: dict[str, dict[Language, str]] = {
    "guest.with_pin.direct": {
        "fr": "Un invité de l'extérieur peut entrer directement dans une salle publique, s'il a le lien et le code PIN.",
        "de": "Ein Gast von außen darf einen öffentlichen Raum direkt betreten, wenn er Link und PIN hat.",
        "nl": "Een gast van buiten mag een openbare ruimte direct binnen, als hij de link en de pincode heeft.",
        "en": "A guest from outside may walk straight into a public room with the link and its PIN.",
    },
    "guest.with_pin.lobby": {
        "fr": "Un invité de l'extérieur muni du lien et du code PIN attend qu'un hôte le fasse entrer.",
        "de": "Ein Gast von außen mit Link und PIN wartet, bis ein Gastgeber ihn einlässt.",
        "nl": "Een gast van buiten met de link en de pincode wacht tot een host hem binnenlaat.",
        "en": "A guest from outside with the link and its PIN waits until a host lets him in.",
    },
    "guest.with_pin.login": {
        "fr": "Un invité de l'extérieur ne peut entrer dans aucune salle, même avec un code PIN.",
        "de": "Ein Gast von außen darf keinen Raum betreten, auch nicht mit PIN.",
        "nl": "Een gast van buiten mag geen enkele ruimte binnen, ook niet met een pincode.",
        "en": "A guest from outside may not enter any room, not even with a PIN.",
    },
    "guest.without_pin.direct": {
        "fr": "Dans une salle publique sans code PIN, le lien seul suffit à un invité.",
        "de": "In einem öffentlichen Raum ohne PIN genügt einem Gast der Link allein.",
        "nl": "In een openbare ruimte zonder pincode heeft een gast genoeg aan de link.",
        "en": "In a public room without a PIN the link alone is enough for a guest.",
    },
    "guest.without_pin.lobby": {
        "fr": "Dans une salle sans code PIN, un invité attend toujours qu'un hôte le fasse entrer.",
        "de": "In einem Raum ohne PIN wartet ein Gast immer, bis ein Gastgeber ihn einlässt.",
        "nl": "In een ruimte zonder pincode wacht een gast altijd tot een host hem binnenlaat.",
        "en": "In a room without a PIN a guest always waits until a host lets him in.",
    },
    "guest.without_pin.login": {
        "fr": "Une salle sans code PIN n'accepte aucun invité.",
        "de": "Ein Raum ohne PIN nimmt keine Gäste auf.",
        "nl": "Een ruimte zonder pincode laat geen gasten toe.",
        "en": "A room without a PIN takes no guests.",
    },
    "official.public.direct": {
        "fr": "Qui s'est connecté avec son ministère entre directement, sauf dans les salles restreintes.",
        "de": "Wer über sein Ministerium angemeldet ist, tritt direkt ein, außer in geschlossene Räume.",
        "nl": "Wie via zijn ministerie is ingelogd, komt direct binnen, behalve in besloten ruimten.",
        "en": "Whoever has logged in by a ministry walks straight in, except into restricted rooms.",
    },
    "official.restricted.lobby": {
        "fr": "Dans une salle restreinte, qui n'en est pas membre attend qu'un hôte le fasse entrer.",
        "de": "In einem geschlossenen Raum wartet, wer nicht zu ihm gehört, bis ein Gastgeber öffnet.",
        "nl": "In een besloten ruimte wacht wie er niet bij hoort tot een host hem binnenlaat.",
        "en": "At a restricted room whoever does not belong to it waits until a host lets him in.",
    },
    "assurance.low": {
        "fr": "Toute connexion de votre ministère suffit, quel que soit son niveau de garantie.",
        "de": "Jede Anmeldung Ihres Ministeriums genügt, gleich welchen Vertrauensniveaus.",
        "nl": "Elke login van uw ministerie volstaat, ongeacht het betrouwbaarheidsniveau.",
        "en": "Any login of your ministry is enough, whatever its level of assurance.",
    },
    "assurance.substantial": {
        "fr": "Vos agents doivent se connecter au moins au niveau « substantiel » d'eIDAS.",
        "de": "Ihre Leute müssen sich mindestens auf dem eIDAS-Niveau „substanziell“ anmelden.",
        "nl": "Uw mensen moeten minstens op eIDAS-niveau ‘substantieel’ inloggen.",
        "en": "Your people have to log in at eIDAS level “substantial” at least.",
    },
    "assurance.high": {
        "fr": "Vos agents doivent se connecter au niveau « élevé » d'eIDAS.",
        "de": "Ihre Leute müssen sich auf dem eIDAS-Niveau „hoch“ anmelden.",
        "nl": "Uw mensen moeten op eIDAS-niveau ‘hoog’ inloggen.",
        "en": "Your people have to log in at eIDAS level “high”.",
    },
    "suites.hybrid": {
        "fr": "Les réunions résistent aussi à un futur ordinateur quantique ; un logiciel qui ne le peut pas reste dehors.",
        "de": "Besprechungen halten auch einem künftigen Quantencomputer stand; wer das nicht kann, bleibt draußen.",
        "nl": "Vergaderingen zijn ook bestand tegen een toekomstige kwantumcomputer; wie dat niet kan, blijft buiten.",
        "en": "Meetings also withstand a future quantum computer; software that cannot do this stays out.",
    },
    "suites.both": {
        "fr": "Les nouvelles réunions résistent aussi à un futur ordinateur quantique ; d'autres ministères peuvent vous inviter à des réunions qui ne le font pas.",
        "de": "Neue Besprechungen halten auch einem künftigen Quantencomputer stand; andere Ministerien dürfen Sie in solche einladen, die das nicht tun.",
        "nl": "Nieuwe vergaderingen zijn ook bestand tegen een toekomstige kwantumcomputer; andere ministeries mogen u uitnodigen voor vergaderingen die dat niet zijn.",
        "en": "New meetings also withstand a future quantum computer; other ministries may invite you to meetings that do not.",
    },
    "suites.classical": {
        "fr": "Attention : un futur ordinateur quantique pourrait ouvrir ce qui a été enregistré de vos réunions.",
        "de": "Achtung: Ein künftiger Quantencomputer könnte öffnen, was von Ihren Besprechungen aufgezeichnet wurde.",
        "nl": "Let op: een toekomstige kwantumcomputer zou kunnen openen wat van uw vergaderingen is opgenomen.",
        "en": "Careful: a future quantum computer could open what was recorded of your meetings.",
    },
}  # fmt: skip
