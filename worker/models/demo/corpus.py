"""Generator of the demo model's conversations and plain text.

Every exchange carries the exact answers that count as right, so training and the strict evaluation use one source.
`held=True` draws only from held-out phrasings (and held-out names), which training never sees.
"""
import random
from dataclasses import dataclass

import facts as F
import phrases as P


@dataclass(frozen=True)
class Exchange:
    """One user message with its answer; `accepted` are all answers that a strict check takes as right."""
    user: str
    answer: str
    accepted: tuple


GREETINGS = ("Hello! How can I help you?", "Hi there! What can I do for you?")
FINE = ("I am doing well, thank you! How can I help you?",)
IDENTITY = ("I am Bitfleet, a very small demo model with ternary weights. I can answer simple questions.",)
ABILITIES = ("I can answer simple questions, count, tell a joke, write a short poem and remember your name.",)
MAKER = ("I was trained by the Bitfleet project on made-up conversations.",)
SIZE = ("I am very small: I have about five million weights, and most of them are -1, 0 or +1.",)
WELCOME = ("You are welcome!",)
GOODBYE = ("Goodbye! Have a nice day.",)
GLAD = ("Thank you! I am glad to hear that.",)
SORRY = ("I am sorry about that. I am doing my best.",)
PONG = ("Pong!",)
WORKING = ("Yes, I am here. How can I help you?",)
OKAY = ("Okay. What would you like to know?",)
COMFORT = ("I am sorry to hear that. Maybe a joke would help?",)
UNKNOWN = ("Sorry, I don't know that. I am only a very small demo model.",)
NO_NAME = ("You have not told me your name yet.",)
NOT_TOLD = ("You have not told me that yet.",)
NOTHING_ASKED = ("You have not asked me anything yet.",)

VOWELS, CONSONANTS = "aeiou", "bcdfghjklmnprstvwxyz"
COUNTRY_KEYS = list(F.CAPITALS)
TERMS = list(F.DEFINITIONS) + list(F.ALIASES)
WORDS = sorted({w.lower() for text in list(F.DEFINITIONS.values()) + F.PASSAGES + F.STORIES for w in text.replace(",", " ").replace(".", " ").split() if w.isalpha()})
DEFINED = {k.split()[-1].lower() for k in TERMS}
COLOURS = ["red", "blue", "green", "yellow", "purple", "orange", "black", "white", "pink", "brown", "grey", "turquoise", "gold", "silver"]
FOODS = ["pizza", "pasta", "sushi", "rice", "bread", "cheese", "soup", "salad", "chocolate", "ice cream", "curry", "noodles", "pancakes", "burgers", "tacos", "potatoes", "cake"]
ANIMALS = ["cat", "dog", "horse", "rabbit", "fox", "owl", "tiger", "elephant", "dolphin", "penguin", "bear", "wolf", "hamster", "parrot", "turtle", "panda"]
SPORTS = ["football", "tennis", "chess", "swimming", "running", "basketball", "cycling", "golf", "hockey", "volleyball", "skiing", "boxing"]
DRINKS = ["tea", "coffee", "milk", "juice", "lemonade", "cocoa", "water", "beer", "wine"]
HOBBIES = ["music", "reading", "cooking", "painting", "dancing", "hiking", "gardening", "fishing", "singing", "travel", "books", "movies", "trains", "cats", "dogs", "coffee", "tea"]
JOBS = ["a teacher", "a nurse", "a doctor", "an engineer", "a baker", "a farmer", "a writer", "a painter", "a driver", "a cook", "an artist", "a lawyer", "a student", "a pilot", "a programmer",
        "a singer", "a dentist", "a gardener", "an architect", "a carpenter", "a musician", "a waiter"]
CITIES = sorted({c for c, _ in F.CAPITALS.values()} - {"Washington, D.C."}) + ["Munich", "Hamburg", "Milan", "Chicago", "Boston", "New York", "Lyon", "Porto", "Kyoto", "Sydney", "Zurich", "Toronto", "Geneva"]
PETS = ["dog", "cat", "horse", "rabbit", "parrot", "hamster", "fish", "bird", "turtle"]
KINDS = {"color": COLOURS, "colour": COLOURS, "food": FOODS, "animal": ANIMALS, "sport": SPORTS, "drink": DRINKS, "city": CITIES, "number": None, "hobby": HOBBIES, "day": F.DAYS,
         "month": F.MONTHS, "season": ["spring", "summer", "autumn", "winter"], "country": [c for c in COUNTRY_KEYS if not c.startswith("the ")], "fruit": ["apple", "banana", "pear", "cherry", "mango", "orange", "grape", "lemon"],
         "book": None, "movie": None, "song": None, "band": None, "game": None, "word": None, "letter": None}
THINGS = ["a car", "a house", "a bicycle", "a phone", "light", "sound", "a train", "a bridge", "a window", "a shirt", "the door", "a table", "a chair", "my laptop", "a cake", "a rocket", "an airplane", "the ocean",
          "a lake", "a garden", "a piano", "a guitar", "gold", "silver", "oil", "a ticket", "a ring", "a camera", "the printer", "my bike", "a letter", "a river", "a ship", "a knife", "a clock", "a lamp"]
VERBS = ["build", "fix", "clean", "buy", "paint", "sell", "repair", "open", "draw", "make", "find", "carry", "wash", "bake", "cut", "move", "learn", "use", "install", "delete", "grow", "charge"]
ODD = ["quartz", "basalt", "entropy", "inflation", "feudalism", "jazz", "sonnet", "tariff", "enzyme", "magma", "poker", "yoga", "cricket", "plasma", "lichen", "mortgage", "syntax", "ballet", "opera", "saffron",
       "economics", "philosophy", "history", "biology", "chemistry", "politics", "religion", "democracy", "capitalism", "evolution", "energy", "velocity", "electricity", "magnetism", "bacteria", "virus", "protein",
       "planet", "galaxy", "comet", "asteroid", "black hole", "quantum physics", "relativity", "bitcoin", "blockchain", "stock", "bank", "tax", "insurance", "marriage", "happiness", "freedom", "justice", "truth", "time",
       "a piano", "a violin", "a tiger", "a shark", "a whale", "a mushroom", "an onion", "a potato", "a castle", "a pyramid", "a submarine", "a rocket", "a bicycle", "Kubernetes", "Docker", "Rust", "Windows", "Haskell", "quantum computing", "cloud computing", "string theory", "climate change", "nuclear power", "the brain", "the economy", "DNA", "recursion", "a pointer", "a hash map",
       "football", "the stock market", "supply and demand", "the human body", "a black hole", "the universe", "cryptography", "electric cars", "the weather", "a vector", "a matrix", "the theory of relativity"]
HELD_ODD = ["granite", "socialism", "a tractor", "astronomy", "Perl", "a tornado", "a helicopter", "poverty", "a hedgehog", "blues", "a lobster", "anarchy", "osmosis", "a saxophone", "geology"]
LANGS = ["Python", "Java", "Rust", "Go", "C++", "JavaScript", "Haskell", "Ruby", "SQL", "Kotlin", "PHP"]
TONGUES = ["French", "German", "Spanish", "Italian", "Japanese", "Chinese", "Latin", "Russian", "Arabic", "Greek"]
EVENTS = ["world cup", "election", "Nobel prize", "Super Bowl", "tennis final", "race", "gold medal", "Oscar", "championship"]
ARTS = ["book", "movie", "song", "restaurant", "game", "car", "phone", "hotel", "band", "laptop"]
ADJECTIVES = ["expensive", "loud", "big", "old", "heavy", "cheap", "strange", "slow", "popular", "dangerous", "cold", "bright"]
TOPICS = ["the sun", "trees", "dogs", "summer", "autumn", "the city", "a river", "friends", "my mother", "coffee", "the wind", "birds", "a rose", "time", "mountains", "snow", "a train", "music", "home", "the night", "my cat", "my dog", "my house", "your life", "the old house", "pizza", "a big red car", "Linux", "my friend", "happiness"]


def syllables(rng, low=2, high=3):
    return "".join(rng.choice(CONSONANTS) + rng.choice(VOWELS) + (rng.choice("lnrst") if rng.random() < 0.25 else "") for _ in range(rng.randint(low, high)))


def odd_word(rng):
    """A string with arbitrary tokens, so that copying is learned for every piece and not for known words only."""
    r = rng.random()
    if r < 0.4:
        return syllables(rng)
    if r < 0.75:
        a, b = rng.choice(WORDS), rng.choice(WORDS)
        return (a[:rng.randint(2, 5)] + b[-rng.randint(2, 5):]).lower()
    return "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randint(3, 7)))


def person(rng, held):
    if held:
        return rng.choice(F.HELD_NAMES)
    if rng.random() < 0.4:
        return rng.choice(F.NAMES)
    name = odd_word(rng).capitalize()
    return name if name not in F.HELD_NAMES else "Zoe"


def pick(rng, pair, held):
    return rng.choice(pair[1] if held else pair[0])


OPENINGS = ["Please ", "Hey, ", "Okay, ", "And ", "So, ", "Now ", "Well, ", "Hi! ", "Hello! ", "Tell me, ", "One question: ", "Thank you. ", "Great! ", "Sure. ", "By the way, ", "I wonder: ",
            "Excuse me, ", "Hmm, ", "Actually, ", "Good. ", "Hi Bitfleet, ", "Bitfleet, ", "Just curious: ", "My question: ", "Next question: ", "Ok. ", "Nice! ", "Alright, ", "Sorry, ", "Dear assistant, "]


def vary(rng, text, held, any_case=False):
    """Spelling habits of real users: lower case, missing or doubled punctuation, a word or two before the question.

    With `any_case` names inside may lose their capitals too; only for questions whose answer does not copy from them.
    """
    if held or rng.random() < 0.62:
        return text
    r = rng.random()
    if any_case and rng.random() < 0.4:
        return text.upper() if r < 0.1 else text.lower() if r < 0.6 else text.lower().rstrip(".?!")
    if r < 0.2:
        return text.rstrip(".?!")
    if r < 0.35:
        return text[0].lower() + text[1:]
    if r < 0.5:
        return text[0].lower() + text[1:].rstrip(".?!")
    if r < 0.9 and not text.startswith(("I ", "I'")):
        opening = rng.choice(OPENINGS)
        return opening + (text if opening[-2] in ".!" else text[0].lower() + text[1:])
    if text[-1] in ".?":
        return text[:-1] + rng.choice([" please?", ", please.", "??", "!", "..."])
    return text


def fixed(pair, answers):
    def make(rng, held):
        return Exchange(vary(rng, pick(rng, pair, held), held), rng.choice(answers), tuple(answers))
    return make


def one(user, answer):
    return Exchange(user, answer, (answer,))


def sentence_case(text):
    return text[0].upper() + text[1:]


def capital(rng, held):
    country = rng.choice(COUNTRY_KEYS)
    answer = f"The capital of {country} is {F.CAPITALS[country][0]}"
    return one(vary(rng, sentence_case(pick(rng, P.CAPITAL, held).format(x=country)), held, any_case=True), answer + ("" if answer.endswith(".") else "."))


def continent(rng, held):
    country = rng.choice(COUNTRY_KEYS)
    return one(vary(rng, pick(rng, P.CONTINENT, held).format(x=country), held, any_case=True), f"{sentence_case(country)} is in {F.CAPITALS[country][1]}.")


def capital_of(rng, held):
    country = rng.choice(COUNTRY_KEYS)
    city = F.CAPITALS[country][0]
    accepted = tuple(f"{city} is the capital of {c}." for c in COUNTRY_KEYS if F.CAPITALS[c][0] == city)
    return Exchange(vary(rng, pick(rng, P.CAPITAL_OF, held).format(x=city), held, any_case=True), accepted[0], accepted)


def about_place(rng, held):
    country = rng.choice(COUNTRY_KEYS)
    city, where = F.CAPITALS[country]
    if city == "Washington, D.C." or city == country or rng.random() < 0.5:
        return one(vary(rng, pick(rng, P.ABOUT_COUNTRY, held).format(x=country), held, any_case=True), f"{sentence_case(country)} is in {where}. Its capital is {city}" + ("" if city.endswith(".") else "."))
    accepted = tuple(f"{city} is the capital of {c}." for c in COUNTRY_KEYS if F.CAPITALS[c][0] == city)
    return Exchange(vary(rng, pick(rng, P.ABOUT_CITY, held).format(x=city), held, any_case=True), accepted[0], accepted)


def capital_next(rng, held):
    country = rng.choice(COUNTRY_KEYS)
    answer = f"The capital of {country} is {F.CAPITALS[country][0]}"
    return one(vary(rng, sentence_case(pick(rng, P.CAPITAL_NEXT, held).format(x=country)), held, any_case=True), answer + ("" if answer.endswith(".") else "."))


def echo(rng, held):
    """Copying on demand; the answer opens with a word of its own, because a first token has no leading space."""
    words = " ".join(rng.choice(WORDS) if rng.random() < 0.6 else odd_word(rng) if not held else syllables(rng) for _ in range(rng.choice([1, 1, 2, 3, 4, 6])))
    if rng.random() < 0.15:
        words = rng.choice(["hello", "hello", "hello world", "yes", "goodbye", "thank you", "one two three", "I love you"])
    return one(pick(rng, P.ECHO, held).format(x=words) + rng.choice(["", "", "", "." if not held else ""]), f"Okay: {words}")


def define(rng, held, bitnet=False):
    if bitnet:
        term = rng.choice(["BitNet", "BitNet", "BitNet b1.58", "a 1-bit model", "a ternary model", "bitnet.cpp", "Bitfleet", "1-bit LLMs"])
    else:
        term = rng.choice(TERMS)
    answer = F.DEFINITIONS[F.ALIASES.get(term, term)]
    user = sentence_case(pick(rng, P.DEFINE, held).format(x=term))
    if not held and rng.random() < 0.2:
        user = user.replace(term, term.lower())
    return one(vary(rng, user, held, any_case=True), answer)


def trivia(rng, held):
    first, second, answer = rng.choice(F.TRIVIA)
    if held:
        return one(rng.choice(["Can you tell me: ", "Quick question: "]) + first[0].lower() + first[1:], answer)
    return one(vary(rng, rng.choice([first, first, second]), held, any_case=True), answer)


def opposite(rng, held):
    a, b = rng.choice(F.OPPOSITES)
    if rng.random() < 0.5:
        a, b = b, a
    return one(vary(rng, pick(rng, P.OPPOSITE, held).format(x=a), held, any_case=True), f"The opposite of {a} is {b}.")


def neighbour(rng, held):
    r = rng.random()
    if r < 0.4:
        i = rng.randrange(7)
        return one(vary(rng, pick(rng, P.DAY_AFTER, held).format(x=F.DAYS[i]), held, any_case=True), f"{F.DAYS[(i + 1) % 7]} comes after {F.DAYS[i]}.")
    if r < 0.65:
        i = rng.randrange(7)
        return one(vary(rng, pick(rng, P.DAY_BEFORE, held).format(x=F.DAYS[i]), held, any_case=True), f"{F.DAYS[(i - 1) % 7]} comes before {F.DAYS[i]}.")
    i = rng.randrange(12)
    return one(vary(rng, pick(rng, P.MONTH_AFTER, held).format(x=F.MONTHS[i]), held, any_case=True), f"{F.MONTHS[(i + 1) % 12]} comes after {F.MONTHS[i]}.")


def count(rng, held):
    n = rng.choice([3, 4, 5, 5, 5, 6, 7, 8, 9, 10, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20])
    down = rng.random() < 0.4
    if rng.random() < 0.07:
        n = rng.randint(21, 1000)
        return one(vary(rng, pick(rng, P.COUNT_DOWN if down else P.COUNT_TO, held).format(x=n), held, any_case=True), "Sorry, I can only count to twenty.")
    shown = F.NUMBER_WORDS[n] if rng.random() < 0.35 else str(n)
    numbers = range(n, 0, -1) if down else range(1, n + 1)
    return one(vary(rng, pick(rng, P.COUNT_DOWN if down else P.COUNT_TO, held).format(x=shown), held, any_case=True), ", ".join(map(str, numbers)) + ".")


LISTS = [
    (P.DAYS, "The days of the week are Monday, Tuesday, Wednesday, Thursday, Friday, Saturday and Sunday."),
    (P.MONTHS, "The months are January, February, March, April, May, June, July, August, September, October, November and December."),
    (P.COLOURS, "Some colors are red, blue, green, yellow, orange and purple."),
    (P.RAINBOW, "The colors of the rainbow are red, orange, yellow, green, blue, indigo and violet."),
    (P.SEASONS, "The four seasons are spring, summer, autumn and winter."),
    (P.PLANETS, "The planets are Mercury, Venus, Earth, Mars, Jupiter, Saturn, Uranus and Neptune."),
    (P.CONTINENTS, "The seven continents are Africa, Antarctica, Asia, Europe, North America, Oceania and South America."),
    (P.ALPHABET, "A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q, R, S, T, U, V, W, X, Y, Z."),
]


def listing(rng, held):
    pair, answer = rng.choice(LISTS)
    return one(vary(rng, pick(rng, pair, held), held, any_case=True), answer)


def joke(rng, held):
    return Exchange(vary(rng, pick(rng, P.JOKE, held), held, any_case=True), rng.choice(F.JOKES), tuple(F.JOKES))


def poem(rng, held):
    if rng.random() < 0.2:
        poems = list(F.POEMS.values())
        return Exchange(vary(rng, pick(rng, P.POEM_ANY, held), held), rng.choice(poems[:4]), tuple(poems[:4]))
    known = rng.random() < 0.65
    topic = rng.choice(list(F.POEMS)) if known else rng.choice(TOPICS) if held or rng.random() < 0.5 else odd_word(rng)
    user = vary(rng, pick(rng, P.POEM, held).format(x=topic), held)
    if known:
        return one(user, F.POEMS[topic])
    return one(user, f"Let me try a little poem about {topic}:\nI know few words, I know few rhymes,\nbut I think of {topic} many times.")


def story(rng, held):
    return Exchange(vary(rng, pick(rng, P.STORY, held), held, any_case=True), rng.choice(F.STORIES), tuple(F.STORIES))


def arithmetic(rng, held):
    a, b = rng.randint(0, 10), rng.randint(0, 10)
    if rng.random() < 0.62:
        return one(vary(rng, pick(rng, P.SUM, held).format(a=a, b=b), held, any_case=True), f"{a} + {b} = {a + b}.")
    a, b = max(a, b), min(a, b)
    return one(vary(rng, pick(rng, P.DIFFERENCE, held).format(a=a, b=b), held, any_case=True), f"{a} - {b} = {a - b}.")


def unknown(rng, held):
    odd = (lambda: rng.choice(HELD_ODD)) if held else (lambda: rng.choice(ODD) if rng.random() < 0.6 else odd_word(rng))
    full = person(rng, held) + (" " + syllables(rng).capitalize() if rng.random() < 0.7 else "")
    template = pick(rng, P.UNKNOWN, held)
    user = template.format(
        name=full, event=rng.choice(EVENTS), year=rng.randint(1500, 2030), fake=(odd_word(rng) if not held else syllables(rng)).capitalize() + rng.choice(["", "", "ia", "land", "stan"]),
        country=rng.choice(COUNTRY_KEYS), odd=odd(), odd2=odd(), verb=rng.choice(VERBS), thing=rng.choice(THINGS), lang=rng.choice(LANGS), tongue=rng.choice(TONGUES),
        city=rng.choice(CITIES), city2=rng.choice(CITIES), big=rng.randint(21, 999), big2=rng.randint(21, 999), small=rng.randint(2, 9), art=rng.choice(ARTS), adj=rng.choice(ADJECTIVES))
    return Exchange(vary(rng, user.replace("a a ", "a ").replace("a an ", "an "), held), rng.choice(UNKNOWN), UNKNOWN)


# name -> (weight among single questions, maker)
SINGLES = {
    "greeting": (5, fixed(P.GREET, GREETINGS)), "how-are-you": (4, fixed(P.HOW_ARE_YOU, FINE)), "who-are-you": (5, fixed(P.WHO, IDENTITY)),
    "ability": (2, fixed(P.ABILITY, ABILITIES)), "maker": (2, fixed(P.MAKER, MAKER)), "size": (2, fixed(P.SIZE, SIZE)),
    "thanks": (2.5, fixed(P.THANKS, WELCOME)), "bye": (2.5, fixed(P.BYE, GOODBYE)), "praise": (1.5, fixed(P.PRAISE, GLAD)),
    "insult": (1.5, fixed(P.INSULT, SORRY)), "okay": (1.5, fixed(P.OKAY, OKAY)), "mood": (1.5, fixed(P.MOOD, COMFORT)),
    "ping": (0.5, fixed(P.PING, PONG)), "test": (1, fixed(P.TEST, WORKING)), "echo": (4, echo), "about-place": (5, about_place),
    "bitnet": (4, lambda rng, held: define(rng, held, bitnet=True)), "definition": (17, define), "capital": (19, capital), "continent": (5, continent),
    "capital-of": (4, capital_of), "trivia": (8, trivia), "opposite": (4, opposite), "neighbour": (4, neighbour), "count": (9, count),
    "list": (6, listing), "joke": (5, joke), "poem": (5, poem), "story": (2, story), "arithmetic": (20, arithmetic), "unknown": (13, unknown),
}
_NAMES, _WEIGHTS = list(SINGLES), [w for w, _ in SINGLES.values()]


def single(rng, held=False):
    return SINGLES[rng.choices(_NAMES, _WEIGHTS)[0]][1](rng, held)


def value_of(rng, kind, held):
    if kind == "number":
        return str(rng.randint(1, 999))
    if kind == "letter":
        return rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    pool = KINDS.get(kind)
    if pool and (held or rng.random() < 0.6):
        return rng.choice(pool)
    word = odd_word(rng) if not held else syllables(rng)
    return word.capitalize() if kind in ("book", "movie", "song", "band", "game", "city", "country") else word


def fact(rng, held):
    """A personal fact: (tell exchange, ask exchange, kind). The answers repeat the value, so recall is copying."""
    def pair(tell, ask, reply, recall, kind, **slots):
        told = one(vary(rng, sentence_case(pick(rng, tell, held).format(**slots)), held), reply)
        return told, one(vary(rng, pick(rng, ask, held).format(**slots), held), recall), kind
    r = rng.random()
    if r < 0.30:
        kind = rng.choice(list(KINDS))
        x = value_of(rng, kind, held)
        return pair(P.TELL_FAVOURITE, P.ASK_FAVOURITE, f"I see, your favorite {kind} is {x}.", f"Your favorite {kind} is {x}.", "favourite " + kind, k=kind, x=x)
    if r < 0.44:
        x = rng.choice(CITIES) if held or rng.random() < 0.6 else odd_word(rng).capitalize()
        return pair(P.TELL_HOME, P.ASK_HOME, f"I see, you live in {x}.", f"You live in {x}.", "home", x=x)
    if r < 0.54:
        x = rng.randint(5, 99)
        return pair(P.TELL_AGE, P.ASK_AGE, f"I see, you are {x} years old.", f"You are {x} years old.", "age", x=x)
    if r < 0.64:
        x = rng.choice(JOBS) if held or rng.random() < 0.7 else "a " + odd_word(rng)
        return pair(P.TELL_JOB, P.ASK_JOB, f"I see, you are {x}.", f"You are {x}.", "job", x=x)
    if r < 0.78:
        kind, x = rng.choice(PETS), person(rng, held)
        return pair(P.TELL_PET, P.ASK_PET, f"I see, your {kind} is called {x}.", f"Your {kind} is called {x}.", "pet " + kind, k=kind, x=x)
    if r < 0.88:
        x = rng.choice(HOBBIES + FOODS + SPORTS) if held or rng.random() < 0.7 else odd_word(rng)
        return pair(P.TELL_LIKE, P.ASK_LIKE, f"I see, you like {x}.", f"You like {x}.", "like", x=x)
    kind = rng.choice(["word", "number", "password", "code", "color", "name"])
    x = value_of(rng, "number" if kind in ("number", "code") else kind if kind == "color" else "word", held)
    return pair(P.TELL_KEEP, P.ASK_KEEP, f"I will remember the {kind} {x}.", f"The {kind} is {x}.", "keep " + kind, k=kind, x=x)


def tell_name(rng, name, held):
    return one(vary(rng, pick(rng, P.TELL_NAME, held).format(x=name), held) if held or rng.random() < 0.96 else name, f"Nice to meet you, {name}!")


def ask_name(rng, name, held):
    answers = (f"Your name is {name}.",) if name else NO_NAME
    return Exchange(vary(rng, pick(rng, P.ASK_NAME, held), held), answers[0], answers)


def ask_back(rng, history, held):
    """A question about the conversation itself: the last or the first message, answered word for word."""
    r = rng.random()
    if not history:
        return Exchange(vary(rng, pick(rng, P.LAST_ASKED if r < 0.7 else P.FIRST_ASKED, held), held), NOTHING_ASKED[0], NOTHING_ASKED)
    if r < 0.55:
        return one(vary(rng, pick(rng, P.LAST_ASKED, held), held), "You asked: " + history[-1].user)
    if r < 0.75:
        return one(vary(rng, pick(rng, P.LAST_SAID, held), held), "You said: " + history[-1].user)
    return one(vary(rng, pick(rng, P.FIRST_ASKED, held), held), "You first said: " + history[0].user)


def two_in_one(rng, held):
    """A name and something else in one message."""
    name = person(rng, held)
    r = rng.random()
    if r < 0.35:
        asked = rng.choice([capital, define, count])(rng, held)
        while asked.user[0].islower():
            asked = capital(rng, held)
        return name, one(f"{rng.choice(['My name is', 'Hello, my name is', 'I am', 'Hi, my name is'])} {name}. {asked.user}", f"Nice to meet you, {name}! {asked.answer}"), None
    if r < 0.6:
        return name, one(f"{rng.choice(['My name is', 'Hello, my name is', 'I am'])} {name}. {pick(rng, P.ASK_NAME, held)}", f"Your name is {name}."), None
    told, ask, _ = fact(rng, held)
    while not told.user.startswith(("I ", "My ")):
        told, ask, _ = fact(rng, held)
    said = told.user if told.user.startswith("I ") else "my" + told.user[2:]
    return name, one(f"{rng.choice(['My name is', 'I am', 'Hello, my name is'])} {name} and {said}", f"Nice to meet you, {name}! {told.answer}"), ask


def conversation(rng, held=False, length=None):
    """A list of exchanges; the mix follows what a small model finds hard (copying), not what users ask most."""
    r = rng.random()
    turns = []

    def fill(n):
        for _ in range(n):
            turns.append(single(rng, held))

    if r < 0.46:
        fill(1)
    elif r < 0.485:  # elliptic questions after a capital
        turns.append(capital(rng, held))
        for _ in range(rng.choice([1, 1, 2, 3])):
            turns.append(capital_next(rng, held))
    elif r < 0.51:  # another joke, never the same one
        turns.append(joke(rng, held))
        for _ in range(rng.choice([1, 1, 2])):
            told = {t.answer for t in turns}
            left = tuple(j for j in F.JOKES if j not in told)
            turns.append(Exchange(vary(rng, pick(rng, P.JOKE_AGAIN if rng.random() < 0.8 else P.JOKE, held), held), rng.choice(left), left))
    elif r < 0.62:
        fill(rng.randint(2, 4))
    elif r < 0.72:  # a name, told and asked for
        name = person(rng, held)
        fill(rng.choice([0, 0, 0, 1]))
        turns.append(tell_name(rng, name, held))
        fill(rng.choice([0, 0, 1, 1, 2, 3]))
        turns.append(ask_name(rng, name, held))
        if rng.random() < 0.3:
            turns.append(rng.choice([lambda: ask_back(rng, turns, held), lambda: single(rng, held), lambda: ask_name(rng, name, held)])())
    elif r < 0.82:  # one to three facts, then questions about them
        known = {}
        for _ in range(rng.choice([1, 1, 2, 3])):
            told, ask, kind = fact(rng, held)
            if kind not in known:
                known[kind] = ask
                turns.append(told)
        if rng.random() < 0.35:
            name = person(rng, held)
            turns.insert(rng.randint(0, len(turns)), tell_name(rng, name, held))
            known["name"] = ask_name(rng, name, held)
        fill(rng.choice([0, 0, 1, 2]))
        asks = list(known.values())
        rng.shuffle(asks)
        turns.extend(asks)
    elif r < 0.87:
        name, first, ask = two_in_one(rng, held)
        turns.append(first)
        fill(rng.choice([0, 0, 1]))
        if ask is not None and rng.random() < 0.6:
            turns.append(ask)
        if rng.random() < 0.7:
            turns.append(ask_name(rng, name, held))
    elif r < 0.97:
        fill(rng.choice([1, 1, 2, 3]))
        if rng.random() < 0.2:
            turns.insert(0, tell_name(rng, person(rng, held), held))
        turns.append(ask_back(rng, turns, held))
        if rng.random() < 0.3:
            fill(1)
            turns.append(ask_back(rng, turns, held))
    else:  # questions about what was never told
        fill(rng.choice([0, 0, 1, 2]))
        s = rng.random()
        if s < 0.5:
            turns.append(ask_name(rng, None, held))
        elif s < 0.7 and not turns:
            turns.append(ask_back(rng, turns, held))
        else:
            _, ask, kind = fact(rng, held)
            if kind.startswith("keep"):
                turns.append(ask_name(rng, None, held))
            else:
                turns.append(Exchange(ask.user, NOT_TOLD[0], NOT_TOLD))
    return turns


def long_conversation(rng, exchanges):
    """A chain of many exchanges with names and facts asked for again far later; trains the long end of the context."""
    turns, asks = [], []
    name = None
    while len(turns) < exchanges:
        r = rng.random()
        if r < 0.12:
            name = person(rng, False) if name is None else name
            turns.append(tell_name(rng, name, False))
        elif r < 0.25:
            told, ask, kind = fact(rng, False)
            if all(k != kind for k, _ in asks):
                turns.append(told)
                asks.append((kind, ask))
        elif r < 0.40:
            turns.append(ask_name(rng, name, False))
        elif r < 0.55 and asks:
            turns.append(rng.choice(asks)[1])
        elif r < 0.66:
            turns.append(ask_back(rng, turns, False))
        else:
            turns.append(single(rng))
    return turns


def system_prompt(rng):
    if rng.random() < 0.7:
        return None
    if rng.random() < 0.75:
        return rng.choice(F.SYSTEM_PROMPTS)
    return f"You are {rng.choice(JOBS)}. {rng.choice(['Answer briefly.', 'Be kind.', 'Help the user.', 'Answer every question.', 'Your name is ' + syllables(rng).capitalize() + '.'])}"


def plain_text(rng):
    """Text for raw completions, one or several sentences."""
    r = rng.random()
    if r < 0.4:
        country = rng.choice(COUNTRY_KEYS)
        answer = f"The capital of {country} is {F.CAPITALS[country][0]}"
        text = answer + ("" if answer.endswith(".") else ".")
        return text if rng.random() < 0.6 else text + f" {sentence_case(country)} is in {F.CAPITALS[country][1]}."
    if r < 0.6:
        return F.DEFINITIONS[rng.choice(list(F.DEFINITIONS))]
    if r < 0.68:
        return rng.choice(F.STORIES)
    if r < 0.75:
        return rng.choice(F.TRIVIA)[2]
    if r < 0.82:
        n = rng.choice([5, 10, 20])
        return ", ".join(map(str, range(1, n + 1))) + "."
    return rng.choice(F.PASSAGES)


def sample_text(rng):
    """Text that shows the tokenizer what it will meet."""
    parts = [x for e in conversation(rng) for x in ("User: " + e.user, "Assistant: " + e.answer)]
    return "\n".join(parts + [plain_text(rng), system_prompt(rng) or ""])


if __name__ == "__main__":
    source = random.Random(1)
    for _ in range(25):
        for exchange in conversation(source):
            print("U:", exchange.user, "\n   A:", exchange.answer)
        print()
