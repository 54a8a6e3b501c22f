/** What the help page says, in both languages: the same sections in the same order. */
import type { Lang } from '../i18n';

/** A paragraph, a list of [term, meaning], or a piece of the map's legend. */
export type Block = string | { list: readonly (readonly [term: string, meaning: string])[] } | { legend: Legend };
export type Legend = 'condition' | 'coverage' | 'defects';

export interface Section {
  /** As in the address: #/uitleg/dekking */
  id: string;
  title: string;
  blocks: readonly Block[];
}

const nl: readonly Section[] = [
  {
    id: 'kort',
    title: 'In het kort',
    blocks: [
      'Schouw zoekt schade in beelden van een rijdende auto en legt die op de wegvakken van uw eigen wegennet. Per wegvak ziet u wat is gezien, welke schade er ligt, hoe slecht dat is en hoe zeker dat is.',
      'Schouw neemt geen besluit. Het zegt waar u eerst moet gaan kijken en waarom, met de foto erbij.',
    ],
  },
  {
    id: 'kleuren',
    title: 'Wat de lijnen op de kaart betekenen',
    blocks: [
      'Slechter is breder en heeft een streep of stippen in de lijn. De kaart is dus ook zonder kleuren te lezen.',
      { legend: 'condition' },
      'Gestippeld en gestreept grijs zijn geen goede wegen: daar is niet of te weinig gekeken. Niet geschouwd is niet onbeschadigd.',
      'Van dichtbij ziet u elke schade als een stip met een teken per soort.',
      { legend: 'defects' },
    ],
  },
  {
    id: 'score',
    title: 'Oordeel en score',
    blocks: [
      'Elk wegvak begint met 100 punten. Per soort schade gaan er punten af naar ernst en omvang; het wegvak zegt zelf welke schade hoeveel punten kostte. De score geeft het oordeel: goed, redelijk, matig of slecht.',
      'De marge zegt hoeveel de score kan schelen: door twijfel over de grootte, over schade die er misschien niet is, over schade die gemist kan zijn, en door het deel dat niet is gezien. Een brede marge is geen fout; ze zegt eerlijk wat één keer rijden kan bewijzen.',
    ],
  },
  {
    id: 'ernst',
    title: 'Ernst en omvang',
    blocks: [
      'Schouw volgt de werkwijze van de globale visuele inspectie van CROW: per soort schade een ernst (L, M, E) en een omvang (1, 2, 3).',
      {
        list: [
          ['L, M, E', 'licht, matig, ernstig: geschat naar de grootte van de schade in beeld'],
          ['1, 2, 3', 'weinig, meer, veel: naar het aandeel van de geziene weg'],
          ['Scheurvorming', 'langs-, dwarsscheuren en craquelé'],
          ['Gaten', 'gaten in de deklaag'],
          ['Rafeling', 'steenverlies uit de deklaag'],
        ],
      },
      'De grenzen en punten zijn van Schouw, niet van CROW. De tabel staat bij elk wegvak en is door uw beheerder te vervangen. Een camera meet geen diepte en geen scheurwijdte: de ernst is een schatting en vervangt geen inspectie door een mens.',
    ],
  },
  {
    id: 'pci',
    title: 'PCI',
    blocks: [
      'De Pavement Condition Index (ASTM D6433) loopt van 0 (bezweken) tot 100 (goed) en is bedoeld om te vergelijken met andere netten en landen. Ook hier is de ernst uit beelden geschat; de marge loopt van de lichtste tot de zwaarste lezing.',
    ],
  },
  {
    id: 'dekking',
    title: 'Dekking',
    blocks: [
      'Dekking is het deel van een wegvak dat goed genoeg in beeld was. Een stuk kan gereden zijn zonder dat het telt: te donker, onscherp, overbelicht, met tegenlicht, achter een voertuig dat het zicht op de weg wegneemt, of zonder weg in beeld. Het wegvak zegt waarom, en van welke tot welke meter.',
      { legend: 'coverage' },
      'Is te weinig van een wegvak gezien, dan krijgt het geen oordeel.',
    ],
  },
  {
    id: 'zekerheid',
    title: 'Kans en zekerheid',
    blocks: [
      {
        list: [
          [
            'Kans van een schade',
            'dat zij er nu is. Elke rit die haar ziet maakt de kans groter, elke rit die haar had moeten zien en niet zag maakt haar kleiner. Tien schades van 60 % tellen als zes.',
          ],
          ['Zekerheid van een wegvak', 'het geziene deel maal hoe zeker is wat daar is gevonden'],
          ['± (1 sigma)', 'de ware waarde ligt in ongeveer twee van de drie gevallen binnen deze afstand'],
        ],
      },
      'Uw beoordeling gaat voor: een goedgekeurde schade telt mee, een afgekeurde niet meer. De score van het wegvak verandert meteen. Elk oordeel blijft bewaard met naam en tijd en is ongedaan te maken.',
    ],
  },
  {
    id: 'plan',
    title: 'Planjaar en volgorde',
    blocks: [
      'De planklasse (jaar 1, 1–2 jaar, 3–5 jaar, later) volgt uit ernst en omvang van de ergste soort schade, naar de manier van CROW 147. “Wat eerst” ordent naar planklasse, verloren punten, gaten, zekerheid en lengte, en zegt in woorden waarom.',
      'Wegvakken die op elkaar volgen en dezelfde planklasse hebben, vormen samen één werk.',
      'Verkeer, budget, riool en andere werken kent Schouw niet. Die weegt u zelf.',
    ],
  },
  {
    id: 'verandering',
    title: 'Wat is veranderd',
    blocks: [
      {
        list: [
          ['eerst gezien', 'gezien waar nog niemand had gekeken: sinds wanneer is onbekend'],
          ['nieuw', 'gezien waar een eerdere opname niets zag'],
          ['gegroeid', 'groter dan eerst, meer dan de meetfout verklaart'],
          ['niet weer gezien', 'de weg is gezien zonder deze schade, maar zij is er waarschijnlijk nog'],
          ['verdwenen', 'zo vaak niet gezien dat zij er waarschijnlijk niet meer is: hersteld, of er nooit geweest'],
        ],
      },
      'Bij vergelijken heet een wegvak pas slechter of beter als het verschil groter is dan de marges samen. Wat op een van beide dagen niet is gezien, is niet te vergelijken.',
    ],
  },
  {
    id: 'grenzen',
    title: 'Wat Schouw niet kan weten',
    blocks: [
      {
        list: [
          ['Onder auto’s, water, blad en sneeuw', 'wordt geen schade gezien'],
          ['Diepte', 'spoorvorming, verzakking en de diepte van gaten zijn met één camera niet te meten'],
          ['Onder de deklaag', 'draagkracht, fundering en kabels blijven onzichtbaar'],
          ['Elementen', 'klinkers, tegels en beton zijn niet waarvoor het is gemaakt; het kijkt naar asfalt'],
          ['Plaats', 'een schade kan enkele meters naast haar ware plaats staan; de marge staat erbij'],
          [
            'Vergissingen',
            'het model mist schade en ziet soms schade in een naad, een schaduw of een reparatie. Daarom is er de beoordeling.',
          ],
        ],
      },
    ],
  },
  {
    id: 'privacy',
    title: 'Foto’s en privacy',
    blocks: [
      'Van een schade wordt alleen een uitsnede van de rijbaan bewaard en getoond, zonder de omgeving. De opnames zelf blijven op deze server en worden na de ingestelde tijd gewist.',
    ],
  },
  {
    id: 'toetsen',
    title: 'Zonder muis',
    blocks: [
      {
        list: [
          ['Pijltjes, + en −', 'de kaart verschuiven en in- en uitzoomen'],
          ['Enter op de kaart', 'kiest wat in het midden ligt'],
          ['In beeld', 'dezelfde wegvakken als lijst, slechtste eerst'],
          ['Escape', 'sluit een paneel'],
          ['A, R, 1–5, S, U', 'bij Beoordelen; daar ook uit te zetten'],
        ],
      },
    ],
  },
];

const en: readonly Section[] = [
  {
    id: 'kort',
    title: 'In short',
    blocks: [
      'Schouw finds damage in footage from a driving car and puts it on the segments of your own road network. Per segment you see what was seen, what damage there is, how bad it is and how sure that is.',
      'Schouw takes no decision. It says where to go and look first, and why, with the picture.',
    ],
  },
  {
    id: 'kleuren',
    title: 'What the lines on the map mean',
    blocks: [
      'Worse is wider and has a dash or dots inside the line, so the map can be read without colours.',
      { legend: 'condition' },
      'Dotted and dashed grey are not good roads: nobody looked there, or too little. Not surveyed is not undamaged.',
      'From close by each defect is a dot with a sign per class.',
      { legend: 'defects' },
    ],
  },
  {
    id: 'score',
    title: 'Grade and score',
    blocks: [
      'Each segment begins with 100 points. Per kind of damage points go off by severity and extent; the segment itself says which damage cost how many points. The score gives the grade: good, fair, poor or bad.',
      'The interval says how far off the score can be: by doubt about sizes, about damage that may not be there, about damage that may have been missed, and by the part that was not seen. A wide interval is no mistake; it says honestly what one drive can prove.',
    ],
  },
  {
    id: 'ernst',
    title: 'Severity and extent',
    blocks: [
      'Schouw follows the manner of the Dutch visual inspection by CROW: per kind of damage a severity (L, M, E) and an extent (1, 2, 3).',
      {
        list: [
          ['L, M, E', 'light, moderate, severe: estimated by the size of the damage in the picture'],
          ['1, 2, 3', 'little, more, much: by the share of the road that was seen'],
          ['Cracking', 'longitudinal and transverse cracks and alligator cracking'],
          ['Potholes', 'holes in the surface layer'],
          ['Ravelling', 'loss of stone from the surface layer'],
        ],
      },
      "The limits and points are Schouw's own, not CROW's. The table is named with each segment and your administrator can replace it. A camera measures no depth and no crack width: severity is an estimate and replaces no inspection by a person.",
    ],
  },
  {
    id: 'pci',
    title: 'PCI',
    blocks: [
      'The Pavement Condition Index (ASTM D6433) runs from 0 (failed) to 100 (good) and serves to compare with other networks and countries. Here too severity is estimated from pictures; the interval runs from the lightest to the heaviest reading.',
    ],
  },
  {
    id: 'dekking',
    title: 'Coverage',
    blocks: [
      'Coverage is the part of a segment that was seen well enough. A stretch may have been driven without counting: too dark, blurred, over-exposed, with glare, behind a vehicle that hides the road, or without road in view. The segment says why, and from which metre to which.',
      { legend: 'coverage' },
      'A segment of which too little was seen gets no grade.',
    ],
  },
  {
    id: 'zekerheid',
    title: 'Probability and confidence',
    blocks: [
      {
        list: [
          [
            'Probability of a defect',
            'that it is there now. Each drive that sees it raises it, each drive that should have seen it and did not lowers it. Ten defects of 60 % count as six.',
          ],
          ['Confidence of a segment', 'the share seen times how sure what was found there is'],
          ['± (1 sigma)', 'the true value lies within this distance in about two of three cases'],
        ],
      },
      "Your review comes first: an accepted defect counts, a rejected one counts no more. The segment's score follows at once. Every decision is kept with name and time and can be undone.",
    ],
  },
  {
    id: 'plan',
    title: 'Plan year and order',
    blocks: [
      'The plan class (year 1, 1–2 years, 3–5 years, later) follows from severity and extent of the worst kind of damage, in the manner of CROW 147. “What first” orders by plan class, points lost, potholes, confidence and length, and says in words why.',
      'Segments in a row with the same plan class make one job together.',
      'Schouw knows nothing of traffic, budget, sewers and other works. Those are yours to weigh.',
    ],
  },
  {
    id: 'verandering',
    title: 'What changed',
    blocks: [
      {
        list: [
          ['first seen', 'seen where nobody had looked: since when is unknown'],
          ['new', 'seen where an earlier survey saw nothing'],
          ['grown', 'larger than before, by more than the error of measuring explains'],
          ['not seen again', 'the road was seen without this defect, but it is likely still there'],
          ['gone', 'not seen so often that it is probably no more: repaired, or never there'],
        ],
      },
      'In a comparison a segment is called worse or better only when the difference is larger than the intervals together. What was not seen on one of the days cannot be compared.',
    ],
  },
  {
    id: 'grenzen',
    title: "What Schouw can't know",
    blocks: [
      {
        list: [
          ['Under cars, water, leaves and snow', 'no damage is seen'],
          ['Depth', "rutting, settlement and the depth of potholes can't be measured with one camera"],
          ['Below the surface', 'bearing capacity, foundation and cables stay unseen'],
          ['Blocks', 'bricks, tiles and concrete are not what it was made for; it looks at asphalt'],
          ['Place', 'a defect may be some metres beside its true place; the doubt is given'],
          [
            'Mistakes',
            'the model misses damage, and at times sees it in a joint, a shadow or a repair. That is what reviewing is for.',
          ],
        ],
      },
    ],
  },
  {
    id: 'privacy',
    title: 'Pictures and privacy',
    blocks: [
      'Of a defect only a crop of the carriageway is kept and shown, without the surroundings. The footage itself stays on this server and is removed after the time that was set.',
    ],
  },
  {
    id: 'toetsen',
    title: 'Without a mouse',
    blocks: [
      {
        list: [
          ['Arrows, + and −', 'pan the map, zoom in and out'],
          ['Enter on the map', 'chooses what is in the centre'],
          ['In view', 'the same segments as a list, worst first'],
          ['Escape', 'closes a panel'],
          ['A, R, 1–5, S, U', 'on the review page; they can be turned off there'],
        ],
      },
    ],
  },
];

export const CONTENT: Record<Lang, readonly Section[]> = { nl, en };
