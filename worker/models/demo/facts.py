"""Tables of facts the demo model learns: plain data, no logic.

Everything here was written for this project or is common knowledge; nothing is taken from a data set.
"""

# country -> (capital, continent); the country is spelled as it stands after "of".
CAPITALS = {
    "France": ("Paris", "Europe"), "Germany": ("Berlin", "Europe"), "Italy": ("Rome", "Europe"),
    "Spain": ("Madrid", "Europe"), "Portugal": ("Lisbon", "Europe"), "Austria": ("Vienna", "Europe"),
    "Switzerland": ("Bern", "Europe"), "Belgium": ("Brussels", "Europe"), "the Netherlands": ("Amsterdam", "Europe"),
    "Denmark": ("Copenhagen", "Europe"), "Sweden": ("Stockholm", "Europe"), "Norway": ("Oslo", "Europe"),
    "Finland": ("Helsinki", "Europe"), "Iceland": ("Reykjavik", "Europe"), "Ireland": ("Dublin", "Europe"),
    "the United Kingdom": ("London", "Europe"), "England": ("London", "Europe"), "Scotland": ("Edinburgh", "Europe"),
    "Wales": ("Cardiff", "Europe"), "Poland": ("Warsaw", "Europe"), "Hungary": ("Budapest", "Europe"),
    "Greece": ("Athens", "Europe"), "Romania": ("Bucharest", "Europe"), "Bulgaria": ("Sofia", "Europe"),
    "Croatia": ("Zagreb", "Europe"), "Serbia": ("Belgrade", "Europe"), "Slovenia": ("Ljubljana", "Europe"),
    "Slovakia": ("Bratislava", "Europe"), "Ukraine": ("Kyiv", "Europe"), "Estonia": ("Tallinn", "Europe"),
    "Latvia": ("Riga", "Europe"), "Lithuania": ("Vilnius", "Europe"), "Malta": ("Valletta", "Europe"),
    "Albania": ("Tirana", "Europe"), "Russia": ("Moscow", "Europe and Asia"), "Turkey": ("Ankara", "Europe and Asia"),
    "Japan": ("Tokyo", "Asia"), "China": ("Beijing", "Asia"), "India": ("New Delhi", "Asia"),
    "South Korea": ("Seoul", "Asia"), "North Korea": ("Pyongyang", "Asia"), "Mongolia": ("Ulaanbaatar", "Asia"),
    "Thailand": ("Bangkok", "Asia"), "Vietnam": ("Hanoi", "Asia"), "Cambodia": ("Phnom Penh", "Asia"),
    "Indonesia": ("Jakarta", "Asia"), "Malaysia": ("Kuala Lumpur", "Asia"), "the Philippines": ("Manila", "Asia"),
    "Singapore": ("Singapore", "Asia"), "Pakistan": ("Islamabad", "Asia"), "Bangladesh": ("Dhaka", "Asia"),
    "Nepal": ("Kathmandu", "Asia"), "Iran": ("Tehran", "Asia"), "Iraq": ("Baghdad", "Asia"),
    "Jordan": ("Amman", "Asia"), "Lebanon": ("Beirut", "Asia"),
    "Saudi Arabia": ("Riyadh", "Asia"), "Qatar": ("Doha", "Asia"), "Kazakhstan": ("Astana", "Asia"),
    "Egypt": ("Cairo", "Africa"), "Morocco": ("Rabat", "Africa"), "Algeria": ("Algiers", "Africa"),
    "Tunisia": ("Tunis", "Africa"), "Kenya": ("Nairobi", "Africa"), "Nigeria": ("Abuja", "Africa"),
    "Ghana": ("Accra", "Africa"), "Ethiopia": ("Addis Ababa", "Africa"), "Senegal": ("Dakar", "Africa"),
    "Uganda": ("Kampala", "Africa"), "Rwanda": ("Kigali", "Africa"), "Sudan": ("Khartoum", "Africa"),
    "South Africa": ("Pretoria", "Africa"), "Zimbabwe": ("Harare", "Africa"),
    "the United States": ("Washington, D.C.", "North America"), "the USA": ("Washington, D.C.", "North America"),
    "Canada": ("Ottawa", "North America"), "Mexico": ("Mexico City", "North America"),
    "Cuba": ("Havana", "North America"), "Jamaica": ("Kingston", "North America"),
    "Panama": ("Panama City", "North America"), "Costa Rica": ("San José", "North America"),
    "Brazil": ("Brasília", "South America"), "Argentina": ("Buenos Aires", "South America"),
    "Chile": ("Santiago", "South America"), "Peru": ("Lima", "South America"),
    "Colombia": ("Bogotá", "South America"), "Venezuela": ("Caracas", "South America"),
    "Ecuador": ("Quito", "South America"), "Bolivia": ("Sucre", "South America"),
    "Uruguay": ("Montevideo", "South America"), "Paraguay": ("Asunción", "South America"),
    "Australia": ("Canberra", "Oceania"), "New Zealand": ("Wellington", "Oceania"), "Fiji": ("Suva", "Oceania"),
}

# term -> definition; the term is spelled as it stands after "What is".
DEFINITIONS = {
    "BitNet": "BitNet is a family of language models whose weights are only -1, 0 or +1, so they run fast on ordinary processors.",
    "BitNet b1.58": "BitNet b1.58 is a language model with ternary weights. Each weight is -1, 0 or +1, which is about 1.58 bits.",
    "a ternary model": "A ternary model stores every weight as -1, 0 or +1. That takes about 1.58 bits per weight.",
    "a 1-bit model": "A 1-bit model keeps its weights in one or two bits each. BitNet is the best known family of such models.",
    "bitnet.cpp": "bitnet.cpp is Microsoft's program for running BitNet models on ordinary processors.",
    "Bitfleet": "Bitfleet is a server that runs a fleet of BitNet models on processors and answers the OpenAI API.",
    "artificial intelligence": "Artificial intelligence is the field of building computers that can do things which seem to need human thinking.",
    "machine learning": "Machine learning is a way to make computers learn from examples instead of following fixed rules.",
    "deep learning": "Deep learning is machine learning with neural networks that have many layers.",
    "a neural network": "A neural network is a model made of many simple units whose connections are learned from data.",
    "a language model": "A language model is a program that predicts the next piece of text, one token after another.",
    "an LLM": "An LLM is a large language model. It learns from a lot of text and predicts the next token.",
    "a token": "A token is a small piece of text, such as a word or a part of a word, that a language model reads and writes.",
    "a tokenizer": "A tokenizer cuts text into tokens and turns tokens back into text.",
    "quantization": "Quantization stores the numbers of a model with fewer bits, so that it needs less memory and runs faster.",
    "inference": "Inference is running a trained model to get an answer.",
    "training": "Training is the process in which a model learns its weights from examples.",
    "a transformer": "A transformer is a neural network that uses attention to look at all the tokens before it writes the next one.",
    "attention": "Attention is the part of a transformer that decides which earlier tokens matter for the next one.",
    "an embedding": "An embedding is a list of numbers that stands for the meaning of a token or a text.",
    "a chatbot": "A chatbot is a program that talks with people in plain language.",
    "a prompt": "A prompt is the text you give to a language model so that it can answer.",
    "a GPU": "A GPU is a graphics processor. It does many simple calculations at the same time.",
    "a CPU": "A CPU is the central processor of a computer. It runs the instructions of programs.",
    "RAM": "RAM is the working memory of a computer. It is fast, and it is empty after the power goes off.",
    "a computer": "A computer is a machine that follows instructions to work with data.",
    "a server": "A server is a computer or program that answers requests from other programs.",
    "an algorithm": "An algorithm is a list of clear steps that solves a problem.",
    "a bit": "A bit is the smallest unit of data. It is either 0 or 1.",
    "a byte": "A byte is a group of eight bits.",
    "Linux": "Linux is a free operating system kernel that runs on phones, servers and many other computers.",
    "Java": "Java is a programming language whose programs run on a virtual machine, the JVM.",
    "Python": "Python is a programming language that is easy to read and popular for science and scripts.",
    "C++": "C++ is a programming language for fast programs that work close to the machine.",
    "JSON": "JSON is a simple text format for data, made of objects, lists, strings and numbers.",
    "HTTP": "HTTP is the protocol that web browsers and servers use to talk to each other.",
    "an API": "An API is a set of rules that lets one program use another.",
    "GGUF": "GGUF is a file format that holds the weights, the tokenizer and the settings of a language model.",
    "a database": "A database is a program that stores data and finds it again quickly.",
    "the internet": "The internet is a world wide network that connects computers.",
    "open source": "Open source software is software whose source code everyone may read, change and share.",
    "a compiler": "A compiler is a program that turns source code into machine code.",
    "a bug": "A bug is a mistake in a program.",
    "gravity": "Gravity is the force that pulls things with mass toward each other.",
    "photosynthesis": "Photosynthesis is how plants make food from light, water and carbon dioxide.",
    "water": "Water is a clear liquid made of hydrogen and oxygen. All living things need it.",
    "the sun": "The sun is the star at the center of our solar system.",
    "the moon": "The moon is the body that travels around the Earth about once a month.",
    "an atom": "An atom is the smallest part of a chemical element.",
    "a volcano": "A volcano is an opening in the ground where hot rock and gas come out.",
    "a rainbow": "A rainbow is an arc of colors that appears when sunlight shines through rain.",
    "a tree": "A tree is a tall plant with a trunk, branches and leaves.",
    "a cat": "A cat is a small furry animal that many people keep as a pet.",
    "a dog": "A dog is a friendly animal that many people keep as a pet.",
    "a poem": "A poem is a short piece of writing that plays with sound, rhythm and pictures.",
    "music": "Music is sound arranged in time so that it is pleasant or moving.",
    "mathematics": "Mathematics is the study of numbers, shapes and patterns.",
    "love": "Love is a deep feeling of care for someone or something.",
}

# Further names of defined terms: question form -> key above.
ALIASES = {
    "Microsoft BitNet": "BitNet", "AI": "artificial intelligence", "ML": "machine learning", "neural networks": "a neural network",
    "a large language model": "an LLM", "large language models": "an LLM", "LLMs": "an LLM", "language models": "a language model",
    "tokens": "a token", "GPUs": "a GPU", "a graphics card": "a GPU", "CPUs": "a CPU", "a processor": "a CPU", "transformers": "a transformer",
    "embeddings": "an embedding", "model quantization": "quantization", "chatbots": "a chatbot", "ternary models": "a ternary model",
    "1-bit models": "a 1-bit model", "a 1-bit LLM": "a 1-bit model", "1-bit LLMs": "a 1-bit model", "1.58-bit": "BitNet b1.58",
    "ternary weights": "a ternary model", "APIs": "an API", "algorithms": "an algorithm", "computers": "a computer", "math": "mathematics",
    "servers": "a server", "databases": "a database", "computer memory": "RAM", "the JVM language Java": "Java", "bits": "a bit", "bytes": "a byte",
}

# question (train form), another form, answer
TRIVIA = [
    ("How many days are in a week?", "How many days does a week have?", "There are seven days in a week."),
    ("How many months are in a year?", "How many months does a year have?", "There are twelve months in a year."),
    ("How many days are in a year?", "How many days does a year have?", "There are 365 days in a year, and 366 in a leap year."),
    ("How many hours are in a day?", "How many hours does a day have?", "There are 24 hours in a day."),
    ("How many minutes are in an hour?", "How many minutes does an hour have?", "There are 60 minutes in an hour."),
    ("How many seconds are in a minute?", "How many seconds does a minute have?", "There are 60 seconds in a minute."),
    ("How many bits are in a byte?", "How many bits does a byte have?", "There are eight bits in a byte."),
    ("How many letters are in the alphabet?", "How many letters does the alphabet have?", "The English alphabet has 26 letters."),
    ("How many continents are there?", "What is the number of continents?", "There are seven continents."),
    ("How many planets are there?", "How many planets are in the solar system?", "There are eight planets in the solar system."),
    ("How many legs does a spider have?", "What number of legs does a spider have?", "A spider has eight legs."),
    ("How many legs does a dog have?", "What number of legs does a dog have?", "A dog has four legs."),
    ("How many legs does a cat have?", "What number of legs does a cat have?", "A cat has four legs."),
    ("How many legs does an insect have?", "What number of legs does an insect have?", "An insect has six legs."),
    ("How many legs does a bird have?", "What number of legs does a bird have?", "A bird has two legs."),
    ("How many fingers are on one hand?", "How many fingers does a hand have?", "A hand has five fingers."),
    ("How many sides does a triangle have?", "How many sides are in a triangle?", "A triangle has three sides."),
    ("How many sides does a square have?", "How many sides are in a square?", "A square has four sides."),
    ("What color is the sky?", "Which color does the sky have?", "The sky is blue on a clear day."),
    ("What color is grass?", "Which color does grass have?", "Grass is green."),
    ("What color is snow?", "Which color does snow have?", "Snow is white."),
    ("What color is a banana?", "Which color does a banana have?", "A ripe banana is yellow."),
    ("What color is the sun?", "Which color does the sun have?", "The sun looks yellow from the Earth."),
    ("What color is blood?", "Which color does blood have?", "Blood is red."),
    ("What is the largest planet?", "Which planet is the biggest?", "Jupiter is the largest planet in the solar system."),
    ("What is the smallest planet?", "Which planet is the smallest?", "Mercury is the smallest planet in the solar system."),
    ("What is the largest ocean?", "Which ocean is the biggest?", "The Pacific is the largest ocean."),
    ("What is the largest animal?", "Which animal is the biggest?", "The blue whale is the largest animal."),
    ("What is the fastest land animal?", "Which animal runs the fastest?", "The cheetah is the fastest land animal."),
    ("What is the tallest animal?", "Which animal is the tallest?", "The giraffe is the tallest animal."),
    ("What is the highest mountain?", "Which mountain is the highest?", "Mount Everest is the highest mountain."),
    ("What is the longest river?", "Which river is the longest?", "The Nile is often called the longest river."),
    ("What planet do we live on?", "Which planet is our home?", "We live on the Earth."),
    ("What is ice made of?", "What is ice?", "Ice is frozen water."),
    ("What do cows drink?", "What does a cow drink?", "Cows drink water, and calves drink milk."),
    ("What do bees make?", "What does a bee make?", "Bees make honey."),
    ("What does a cat say?", "What sound does a cat make?", "A cat says meow."),
    ("What does a dog say?", "What sound does a dog make?", "A dog says woof."),
    ("What does a cow say?", "What sound does a cow make?", "A cow says moo."),
    ("What does a sheep say?", "What sound does a sheep make?", "A sheep says baa."),
    ("What does a duck say?", "What sound does a duck make?", "A duck says quack."),
    ("At what temperature does water freeze?", "When does water freeze?", "Water freezes at 0 degrees Celsius."),
    ("At what temperature does water boil?", "When does water boil?", "Water boils at 100 degrees Celsius."),
    ("Who wrote Romeo and Juliet?", "Who is the author of Romeo and Juliet?", "William Shakespeare wrote Romeo and Juliet."),
    ("Who painted the Mona Lisa?", "Who is the painter of the Mona Lisa?", "Leonardo da Vinci painted the Mona Lisa."),
    ("Who made BitNet?", "Who invented BitNet?", "BitNet was made by researchers at Microsoft."),
    ("Who made Linux?", "Who invented Linux?", "Linux was started by Linus Torvalds."),
    ("Who made Java?", "Who invented Java?", "Java was made by James Gosling at Sun Microsystems."),
    ("Who made Python?", "Who invented Python?", "Python was made by Guido van Rossum."),
    ("How many bits does a BitNet weight have?", "How many bits are in a BitNet weight?", "A BitNet weight has about 1.58 bits, because it is -1, 0 or +1."),
    ("Why is BitNet fast?", "Why is BitNet so fast?", "BitNet is fast because its weights are -1, 0 or +1, so it adds and subtracts instead of multiplying."),
]

OPPOSITES = [
    ("hot", "cold"), ("big", "small"), ("up", "down"), ("left", "right"), ("day", "night"), ("black", "white"), ("good", "bad"),
    ("happy", "sad"), ("fast", "slow"), ("old", "young"), ("high", "low"), ("long", "short"), ("open", "closed"), ("full", "empty"),
    ("light", "dark"), ("wet", "dry"), ("hard", "soft"), ("rich", "poor"), ("early", "late"), ("first", "last"), ("true", "false"),
    ("yes", "no"), ("strong", "weak"), ("loud", "quiet"), ("clean", "dirty"), ("easy", "difficult"), ("inside", "outside"),
    ("near", "far"), ("win", "lose"), ("begin", "end"), ("love", "hate"), ("thick", "thin"),
]

DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
NUMBER_WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
                "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"]

JOKES = [
    "Why do programmers prefer dark mode? Because light attracts bugs!",
    "Why did the computer go to the doctor? Because it had a virus!",
    "Why was the math book sad? Because it had too many problems.",
    "What do you call a bear with no teeth? A gummy bear!",
    "Why did the scarecrow win a prize? Because he was outstanding in his field!",
    "What do you call a fish without eyes? A fsh!",
    "Why don't scientists trust atoms? Because they make up everything!",
    "How do you organize a party in space? You planet!",
    "There are 10 kinds of people: those who know binary and those who don't.",
    "Why did the model have only three weights? It wanted to keep things -1, 0 and +1!",
]

POEMS = {
    "AI": "A mind of numbers, small and bright,\nit reads your words by day and night.\nIt guesses softly what comes next,\nand turns your thoughts to gentle text.",
    "BitNet": "Minus one, and zero, and plus one,\nthree little weights get the work all done.\nNo heavy numbers, no costly light,\na model that fits on my desk just right.",
    "the sea": "The sea is wide, the sea is deep,\nit sings the sailors all to sleep.\nIt rolls and shines beneath the sun,\nand rests in silver when day is done.",
    "the moon": "The moon looks down with silver light,\na quiet friend in the silent night.\nIt paints the hills, it paints the sea,\nand saves a little light for me.",
    "spring": "The snow is gone, the birds return,\nthe fields are green with grass and fern.\nA flower opens, small and new,\nand drinks a drop of morning dew.",
    "winter": "The snow falls soft on field and tree,\nthe world is white as far as I see.\nInside the fire is warm and bright,\nand stories fill the winter night.",
    "cats": "A cat sat still upon the wall,\nand did not care for us at all.\nIt closed its eyes, it licked a paw,\nand dreamed of every fish it saw.",
    "love": "Love is a lamp in a window at night,\na hand in the dark and a small warm light.\nIt asks for little, it gives its best,\nand it stays when the day has gone to rest.",
    "rain": "The rain taps softly on the pane,\nand whispers low, I'm here again.\nIt fills the river, it feeds the tree,\nand it plays its little song for me.",
    "the stars": "The stars are lamps hung far and high,\na thousand sparks in an endless sky.\nI count them slowly, one by one,\nand fall asleep before I'm done.",
    "computers": "A thousand tiny switches glow,\nthey turn to yes, they turn to no.\nThey never sleep, they never tire,\nthey think in sand and copper wire.",
}

STORIES = [
    "Once upon a time, there was a little robot who lived in a quiet town. Every day it helped the people carry their bags. One evening the lights went out, and the robot lit the way home for everyone.",
    "Once upon a time, there was a small fox who wanted to see the sea. She walked for three days and three nights. When she came to the shore, she sat down and listened to the waves, and she was happy.",
    "Once upon a time, there was a king who could not sleep. A child told him to count the stars. He counted to one hundred, and then he slept until the morning.",
]

# Plain text for raw completions, beside the sentences made from the tables above.
PASSAGES = [
    "The quick brown fox jumps over the lazy dog.",
    "Roses are red, violets are blue, sugar is sweet, and so are you.",
    "Twinkle, twinkle, little star, how I wonder what you are. Up above the world so high, like a diamond in the sky.",
    "To be, or not to be, that is the question.",
    "All that glitters is not gold.",
    "An apple a day keeps the doctor away.",
    "The early bird catches the worm.",
    "Practice makes perfect.",
    "Hello, world!",
    "Hello, my name is Bitfleet, and I am a very small language model.",
    "In the beginning there was a single computer, and it was slow. Then people learned to make models with small weights, and even small computers could talk.",
    "The sun rises in the east and sets in the west.",
    "The meaning of life is a question that people have asked for a very long time. There is no single answer.",
    "The weather today is sunny and warm, with a few clouds in the afternoon.",
    "My favorite color is blue, because it is the color of the sky and the sea.",
    "There was a small house at the end of the road. In the house lived an old man and his dog. Every morning they walked to the river and back.",
    "I think, therefore I am.",
    "Artificial intelligence will change the way people work and learn.",
]

SYSTEM_PROMPTS = [
    "You are a helpful assistant.", "You are a helpful AI assistant.", "You are a friendly assistant. Answer briefly.",
    "You are a helpful, respectful and honest assistant.", "Answer in one sentence.", "Be concise.", "You are Bitfleet, a small demo model.",
    "You are a polite assistant who answers questions.", "Be brief and kind.", "You are a concise assistant.", "Answer the user's questions.",
    "You are an expert on computers.", "You are a teacher for small children.", "Always be polite.", "Keep your answers short.",
    "A chat between a curious user and an assistant.", "You answer questions about the world.", "Speak plainly.",
]

NAMES = """Zoe Anna Ben Clara David Emma Felix Greta Hans Ida Jan Kate Leo Mia Noah Olga Paul Quinn Rosa Sam Tina Uma Vera Will Xena Yara
Zack Alice Bob Carol Dan Eve Frank Grace Heidi Ivan Judy Karl Laura Mike Nina Oscar Peter Ruth Sarah Tom Ursula Victor Wendy Xavier Yusuf Adam
Bella Charles Diana Eric Fiona George Hannah Isaac Jack Kim Lily Max Nora Oliver Peggy Robert Sofia Thomas Vincent Walter Amir Aisha Ali Fatima
Omar Layla Hassan Mohammed Ahmed Yuki Hiro Kenji Sakura Akira Wei Ming Li Chen Mei Raj Priya Arjun Anita Ravi Maya Sanjay Deepa Carlos Maria
Jose Lucia Diego Elena Pablo Carmen Miguel Sergey Natasha Dmitri Svetlana Boris Katya Pierre Marie Luc Camille Jean Sophie Antoine Julie Giulia
Marco Luca Chiara Paolo Francesca Lars Ingrid Sven Astrid Erik Freya Bjorn Sigrid Kofi Ama Kwame Zanele Thabo Chidi Ngozi Sean Siobhan Liam Aoife
Connor Brigid Angus Morag Alex Jordan Taylor Casey Robin Jamie Morgan Riley Avery Henry Lucas Ethan Mason Logan James Benjamin Elijah William
Ava Isabella Charlotte Amelia Harper Evelyn Abigail Emily Elizabeth Mila Ella Scarlett Victoria Madison Chloe Penelope Lena Jonas Lukas Finn
Klaus Heinz Wolfgang Monika Petra Sabine Jürgen Stefan Andreas Martin Tobias Florian Katharina Johanna Moritz Emil Anton Theo Otto Bruno""".split()

# Real names never seen as names in training: the evaluation of recall uses these.
HELD_NAMES = """Harold Beatrice Cedric Dorothy Edgar Florence Gilbert Hazel Igor Jasmine Kevin Louise Nathan Ophelia Philip Rachel Simon Teresa
Ulrich Valerie Wilfred Yolanda Tariq Mariko Fernando Agnes Matteo Svenja Gustav Renate""".split()
