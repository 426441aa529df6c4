"""Ways to ask: for each category the templates seen in training and those held out for the evaluation.

A held-out template never occurs in training, in any spelling variant. {x} stands for the slot of the category.
"""

CAPITAL = (
    ["What is the capital of {x}?", "What is the capital of {x}?", "What's the capital of {x}?", "What is the capital city of {x}?",
     "Which city is the capital of {x}?", "Tell me the capital of {x}.", "Name the capital of {x}.", "Do you know the capital of {x}?",
     "Can you tell me the capital of {x}?", "the capital of {x}?", "Capital of {x}?", "capital of {x}", "I forgot the capital of {x}.",
     "What city is the capital of {x}?", "What is {x}'s capital?", "Do you know what the capital of {x} is?", "Please tell me the capital of {x}.",
     "I need to know the capital of {x}.", "What would be the capital of {x}?", "And the capital of {x}?", "What about the capital of {x}?",
     "Hi! What is the capital of {x}?", "Which city is {x}'s capital?", "Can you name the capital of {x}?", "Give me the capital of {x}."],
    ["Could you tell me what the capital of {x} is?", "Quick question: what is the capital of {x}?", "I want to know the capital city of {x}.",
     "Hey, what's the capital city of {x}?", "Please name the capital city of {x}."])

CONTINENT = (
    ["Tell me the continent of {x}.", "What is the continent of {x}?", "On which continent does {x} lie?", "Where does {x} lie?", "Where can I find {x}?", "Do you know the continent of {x}?", "Could you tell me where {x} is?", "Please tell me where {x} is.", "Is {x} in Europe or somewhere else?", "Which part of the world is {x} in?", "Where is {x} located?", "Where is {x}?", "Which continent is {x} in?", "On which continent is {x}?", "What continent is {x} in?", "In which continent is {x}?",
     "Where in the world is {x}?", "Do you know where {x} is?", "Tell me where {x} is."],
    ["On what continent is {x}?", "Can you tell me where {x} is?"])

CAPITAL_OF = (
    ["{x} is which country's capital?", "Do you know which country {x} is the capital of?", "Tell me which country {x} is the capital of.", "Which country's capital is {x}?", "What country has the capital {x}?", "For which country is {x} the capital?", "{x} is the capital of which country?", "Which country has {x} as its capital?", "What country is {x} the capital of?",
     "Of which country is {x} the capital?"],
    ["Which country is {x} the capital of?"])

ABOUT_COUNTRY = (
    ["Please describe {x}.", "Tell me a bit about {x}.", "Could you tell me about {x}?", "Can you tell me about {x}?", "Please tell me something about {x}.", "Give me some facts about {x}.", "Say something about {x}.", "Tell me about {x}.", "What do you know about {x}?", "Describe {x}.", "Tell me something about {x}.", "What can you tell me about {x}?", "I want to know about {x}."],
    ["Can you tell me something about {x}?", "Please tell me about {x}."])
ABOUT_CITY = (
    ["Can you tell me about {x}?", "Tell me which country {x} is in.", "Do you know {x}?", "Please tell me about {x}.", "What kind of place is {x}?", "What is {x}?", "Tell me about {x}.", "What do you know about {x}?", "Where is {x}?", "In which country is {x}?", "What country is {x} in?", "Tell me something about {x}."],
    ["Which country is {x} in?", "Can you tell me something about {x}?"])
CAPITAL_NEXT = (
    ["And of {x}, please?", "Good, and {x}?", "And how about {x}?", "Now the capital of {x}.", "Next: {x}.", "And that of {x}?", "The same for {x}?", "Great, and {x}?", "And what is it for {x}?", "Then {x}?", "And of {x}?", "And {x}?", "What about {x}?", "And what about {x}?", "How about {x}?", "And the capital of {x}?", "And for {x}?", "{x}?", "Now {x}."],
    ["Okay, and {x}?", "Thanks, and of {x}?"])

DEFINE = (
    ["What is {x}?", "What is {x}?", "What is {x}?", "What's {x}?", "what is {x}", "Explain {x}.", "Explain {x} to me.", "Tell me about {x}.",
     "Define {x}.", "Can you explain {x}?", "What do you know about {x}?", "Describe {x}.", "I want to know about {x}.", "What does {x} mean?",
     "Can you tell me what {x} is?", "Please explain {x}.", "Tell me something about {x}.", "What exactly is {x}?", "Do you know what {x} is?",
     "Could you explain {x} in one sentence?", "Explain {x} simply.", "Hey, what is {x}?", "I don't know what {x} is.", "So what is {x}?",
     "Explain {x} in simple words.", "Give me a definition of {x}.", "How would you explain {x}?"],
    ["Could you explain what {x} is?", "Please tell me what {x} is.", "Can you describe {x}?", "Tell me what {x} means.", "Explain briefly: what is {x}?"])

GREET = (
    ["Hi again!", "Hey again", "Hello, my friend!", "Hi, my friend!", "Hey friend!", "Hello everyone!", "Hello robot", "Hi bot!", "Hello computer!", "Good morning, assistant!", "Good evening, Bitfleet!", "Good afternoon, Bitfleet!", "Hello hello!", "Hiya!", "Hello, how nice to see you!", "Good to see you!", "Welcome!", "Hi everybody", "Hello", "Hello!", "Hi", "Hi!", "Hey", "Hey!", "Hello there", "Hello there!", "Hi there", "Hi there!", "Hey there!", "Good morning", "Good morning!",
     "Good evening", "Good evening!", "Good afternoon!", "Greetings", "Greetings!", "Hello, Bitfleet!", "Hi Bitfleet", "hello", "hi", "hey", "Howdy!",
     "Good day!", "Hello?", "Hey you", "Yo", "Hello friend", "Hello, assistant.", "Hi, assistant!", "Hello Bitfleet", "HELLO"],
    ["Hello again!", "Hey Bitfleet!", "Hello, friend!", "Hi friend!", "Good morning, Bitfleet!"])

HOW_ARE_YOU = (
    ["How are things?", "How are you now?", "Hello Bitfleet, how are you?", "Hi there, how are you?", "Good evening, how are you?", "Are you okay?", "Are you fine?", "How was your day?", "Hello, how is it going?", "Hi! How are you doing?", "Tell me how you are.", "You okay?", "Hello, how are you doing today?", "How are you?", "How are you doing?", "How are you today?", "How do you do?", "How is it going?", "How's it going?", "What's up?", "Hello, how are you?",
     "Hello, how are you?", "Hi, how are you?", "Hi! How are you?", "Hey, how are you doing?", "Are you well?", "How do you feel?", "How are you feeling?",
     "Hello! How are you today?", "Good morning, how are you?", "hello how are you", "how are you", "Everything okay?", "How have you been?", "Hey, how's it going?"],
    ["Hey, how are you?", "Hello there, how are you?", "How are you doing today?", "Hi, how is it going?"])

WHO = (
    ["Tell me your name.", "Tell me what you are.", "Can you tell me your name?", "Do you know who you are?", "Are you a computer?", "Are you a program?", "Are you a chatbot?", "Am I talking to a human?", "Am I talking to a machine?", "Is this ChatGPT?", "Are you GPT?", "Are you Llama?", "And what are you?", "What exactly are you?", "Who is this?", "With whom am I talking?", "Who are you?", "Who are you?", "What are you?", "What is your name?", "What's your name?", "Tell me about yourself.", "Introduce yourself.",
     "Can you introduce yourself?", "Do you have a name?", "What should I call you?", "Who am I talking to?", "What model are you?", "Which model are you?",
     "Are you a robot?", "Are you an AI?", "Are you a human?", "Are you a person?", "Are you ChatGPT?", "Are you real?", "Are you a bot?", "your name?",
     "who are you", "Hello, who are you?", "Hi, who are you?", "And who are you?", "What kind of model are you?", "Are you a language model?",
     "Please introduce yourself.", "What is this?", "Say something about yourself.", "May I know your name?", "Are you human?"],
    ["Can you tell me who you are?", "Please tell me your name.", "Who exactly are you?", "Tell me who you are.", "Are you a machine?"])

ABILITY = (
    ["Tell me what you know.", "What can I do with you?", "What are you for?", "Can you do something for me?", "What should I ask you?", "Give me an example of a question.", "What can you tell me?", "How do you work?", "What do you do?", "Tell me what I can ask.", "Show me what you can do.", "Can you help?", "What can you do?", "What can you help me with?", "Can you help me?", "How can you help me?", "What are you good at?", "Help", "Help me", "Help!",
     "I need help.", "What do you know?", "What can I ask you?", "What kind of questions can you answer?", "What are your abilities?", "What are you able to do?"],
    ["What questions can I ask you?", "Can you help me with something?", "Tell me what you can do."])

MAKER = (
    ["Who made this model?", "Who is behind you?", "What were you trained on?", "Who wrote you?", "Who designed you?", "Do you know who created you?", "Can you tell me who made you?", "Who was it that made you?", "Tell me who made you.", "By whom were you made?", "Do you know your creator?", "Which company made you?", "Who made you?", "Who created you?", "Who built you?", "Who trained you?", "Where do you come from?", "How were you made?", "How were you trained?",
     "Who is your creator?", "Who developed you?", "Who is your maker?"],
    ["Who programmed you?", "Do you know who made you?"])

SIZE = (
    ["How many weights are in you?", "What number of parameters do you have?", "How many parameters are in this model?", "Do you have many weights?", "Are you big?", "Are you large?", "Are you a small model?", "How clever are you?", "Are you clever?", "Is this a large model?", "How much do you weigh?", "Tell me how big you are.", "How big are you?", "How large are you?", "How many parameters do you have?", "How small are you?", "What is your size?", "Are you a big model?",
     "Are you smart?", "Are you intelligent?", "Are you a large language model?", "How smart are you?"],
    ["How many weights do you have?", "Are you a large model?"])

THANKS = (
    ["I thank you very much.", "Thank you, assistant.", "Thank you Bitfleet!", "Okay, thank you!", "Perfect, thanks!", "Nice, thank you.", "Thank you, good answer.", "Thank you for the answer.", "Thanks for that.", "Thanks for the joke!", "Great, thank you very much.", "thanks a lot", "ty", "Thanks", "Thanks!", "Thank you", "Thank you!", "Thank you very much!", "Thanks a lot!", "Many thanks!", "Thank you so much!", "thanks", "thank you",
     "Thank you for your help.", "Thanks for your help!", "Great, thanks!", "Okay, thanks.", "Ok thank you", "That was helpful, thank you.", "Cheers!", "Thx"],
    ["Thank you, that was helpful.", "Great, thank you!", "I thank you."])

BYE = (
    ["See you!", "Ok, bye.", "Bye then!", "Bye, thanks!", "Goodbye for now.", "I am leaving now.", "I need to go.", "Until next time!", "So long!", "Ciao!", "Sleep well!", "Good bye", "Well, goodbye!", "I am off.", "That is all, bye.", "bye bye!", "Thank you and goodbye!", "Ok see you later", "Bye", "Bye!", "Goodbye", "Goodbye!", "See you", "See you later!", "Bye bye", "Good night", "Good night!", "I have to go.", "See you soon!", "bye",
     "Farewell!", "Take care!", "Okay, bye!", "See you tomorrow!", "Have a nice day!", "I must go now.", "Talk to you later!", "Thanks, bye!"],
    ["Bye for now!", "Ok, goodbye!", "Bye, see you!", "I have to go now."])

PRAISE = (
    ["You are good.", "You are really good!", "You are very nice.", "You are the best!", "That was good.", "That is nice.", "This is great.", "I am impressed.", "Amazing!", "Fantastic!", "Lovely!", "Super!", "Very nice.", "Good work!", "You did well.", "That was a good joke.", "Haha", "That is funny!", "Impressive.", "You are very smart.", "Nice work!", "Nice one!", "I am happy with you.", "Good job!", "Well done!", "Great!", "Nice!", "You are great!", "You are smart.", "That is right.", "Correct!", "Cool!", "Awesome!", "I like you.",
     "That is great!", "Wow!", "Very good!", "You are funny.", "Good answer!", "Perfect.", "Excellent!", "You are nice.", "I love you."],
    ["Great job!", "Nice answer!", "You are very good."])

INSULT = (
    ["You are so bad.", "You are awful.", "You are horrible.", "That was bad.", "This is wrong.", "Your answer is wrong.", "That answer is bad.", "You are a bad model.", "You know nothing.", "What nonsense!", "Nonsense!", "This is stupid.", "That is not right.", "You made a mistake.", "You are boring.", "Terrible answer!", "You are stupid.", "You are dumb.", "You are useless.", "That is wrong.", "That was wrong.", "You are bad.", "I hate you.", "This is bad.", "You idiot!",
     "Shut up!", "That makes no sense.", "Wrong!", "No, that is wrong.", "You are not smart.", "You are an idiot.", "That is a bad answer.", "You suck."],
    ["You are so stupid.", "That answer was wrong.", "You are terrible."])

OKAY = (
    ["okay", "Okay!", "Ok!", "OK", "All good.", "Right.", "I understand.", "Understood.", "Got it.", "Sure!", "Of course.", "Maybe.", "Perhaps.", "Yeah", "Yep", "Nope", "Aha", "Oh", "I know.", "Makes sense.", "Alright", "Hm", "Yes!", "No!", "Fine", "sure.", "Oh, okay.", "That is okay.", "Ok", "Okay", "OK.", "Yes", "Yes.", "No", "No.", "I see.", "Alright.", "Sure.", "Fine.", "Hmm", "Interesting.", "Really?", "ok", "yes", "no", "Good."],
    ["Okay then.", "Sure thing.", "All right."])

MOOD = (
    ["I am so sad.", "I am so tired.", "I feel tired.", "I feel bored.", "I am bored today.", "I am very sad.", "I feel angry.", "I am unhappy.", "I am sick.", "I feel lost.", "I feel alone.", "I am very lonely.", "Today was a bad day.", "I am not happy.", "I am stressed.", "I am worried.", "I feel so bad today.", "I am bored.", "I am sad.", "I am tired.", "I feel sad today.", "I am not feeling well.", "I am lonely.", "I had a bad day.", "I feel bad.", "I am angry."],
    ["I feel lonely.", "I am so bored."])

JOKE = (
    ["Tell me a joke", "Tell me a joke", "Tell me a joke.", "Tell me a joke!", "Tell me a funny joke.", "Do you know a joke?", "Do you know any jokes?",
     "Can you tell me a joke?", "Make me laugh.", "Make me laugh!", "I want to hear a joke.", "Another joke, please.", "Tell me another joke.", "Joke please",
     "Say something funny.", "tell me a joke", "Give me a joke.", "Please tell me a joke.", "Tell a joke", "One more joke!", "A joke, please.", "Know any good jokes?",
     "Can you make me laugh?", "Tell me something funny.", "I need a joke.", "Tell me a short joke."],
    ["Could you tell me a joke?", "Do you have a joke for me?", "I would like to hear a joke.", "Please tell me something funny.", "Tell me a good joke."])

JOKE_AGAIN = (
    ["Can you tell me one more?", "Do you have another one?", "I want another one.", "Tell me one more.", "Go on, another one.", "Next joke.", "Another one!", "Another one.", "Another", "One more", "One more!", "More", "Tell me another one.", "Again!", "Another one, please.", "Do you know another one?", "Give me another.", "another one"],
    ["Please tell me another one.", "Can you tell me another one?"])

ECHO = (
    ["Repeat after me: {x}", "Say {x}", "Repeat: {x}", "Please say {x}", "Say this: {x}", "Can you say {x}", "Echo {x}", "Repeat the following: {x}", "Say the following: {x}", "Please repeat: {x}", "Repeat {x}"],
    ["Please repeat after me: {x}", "Can you repeat this: {x}"])

PING = (["ping ping", "Ping ping!", "ping me", "PING", "ping", "Ping", "Ping!", "ping?"], ["Ping pong?"])
TEST = (["test", "Test", "This is a test.", "Testing", "testing 1 2 3", "Test message", "Is this working?", "Does this work?", "Are you there?", "Anybody there?", "just a test", "Are you working?"],
        ["Just testing.", "Is anybody there?"])

POEM = (
    ["Write a short poem about {x}.", "Write a short poem about {x}.", "Write a haiku about {x}.", "Write a rhyme about {x}.", "Write some lines about {x}.", "Write a poem about {x}.", "Write me a poem about {x}.", "A poem about {x}, please.",
     "Can you write a poem about {x}?", "Make a poem about {x}.", "Give me a poem about {x}.", "Tell me a poem about {x}.", "Please write a short poem about {x}.",
     "Compose a poem about {x}.", "write a poem about {x}", "I want a poem about {x}.", "Create a short poem about {x}."],
    ["Could you write a short poem about {x}?", "Please write me a poem about {x}.", "Compose a short poem about {x}.", "Can you make a poem about {x}?"])

POEM_ANY = (
    ["Write a poem.", "Write a short poem.", "Tell me a poem.", "Do you know a poem?", "Can you write a poem?", "A poem, please.", "Write me a short poem.",
     "Write something poetic.", "Recite a poem.", "Make a poem."],
    ["Please write a poem.", "Can you write me a short poem?"])

STORY = (
    ["Tell me a story.", "Tell me a short story.", "Write a story.", "Write a short story.", "Can you tell me a story?", "A story, please.", "Do you know a story?",
     "I want to hear a story.", "Write me a short story.", "Tell a story", "Please tell me a story."],
    ["Could you tell me a short story?", "Please write a short story."])

COUNT_TO = (
    ["Count to {x} for me.", "Could you count up to {x}?", "Would you count to {x}?", "Can you count up to {x}?", "Please count from one to {x}.", "Start at 1 and count to {x}.", "Try to count to {x}.", "I want to hear you count to {x}.", "Show me the numbers from 1 to {x}.", "Could you list the numbers from 1 to {x}?", "Now count to {x}.", "Count for me to {x}.", "Count to {x}", "Count to {x}.", "Count to {x}!", "Can you count to {x}?", "Count up to {x}.", "Please count to {x}.", "Count from 1 to {x}.",
     "count to {x}", "Count from one to {x}.", "Can you count from 1 to {x}?", "List the numbers from 1 to {x}.", "Write the numbers from 1 to {x}.",
     "Give me the numbers from 1 to {x}.", "Please count from 1 to {x}.", "Say the numbers 1 to {x}.", "Count till {x}."],
    ["Could you count to {x}?", "Please count up to {x}.", "Can you list the numbers from 1 to {x}?", "I want you to count to {x}."])

COUNT_DOWN = (
    ["Count backwards from {x} to 1.", "Can you count backwards from {x}?", "Please count from {x} down to 1.", "Could you count from {x} to 1?", "Count down for me from {x}.", "Do a countdown from {x}.", "Now count down from {x}.", "Can you count from {x} to 1?", "I want you to count down from {x}.", "Count down from {x}", "Count down from {x}.", "Count backwards from {x}.", "Count down from {x} to 1.", "Can you count down from {x}?",
     "Please count down from {x}.", "count down from {x}", "Count from {x} to 1.", "Count from {x} down to 1.", "Countdown from {x}.", "Start at {x} and count down."],
    ["Could you count down from {x}?", "Please count backwards from {x}.", "Can you count from {x} down to 1?"])

DAYS = (
    ["What are the seven days?", "Name the seven days.", "Can you tell me the days of the week?", "Give me a list of the days of the week.", "Tell me all the days of the week.", "What are the days of the week?", "List the days of the week.", "Name the days of the week.", "Tell me the days of the week.", "Can you list the days of the week?",
     "Which days are in a week?", "days of the week", "Say the days of the week.", "What days are there in a week?", "List all days of the week.",
     "Please name the days of the week.", "Give me the days of the week.", "Can you name the seven days of the week?"],
    ["Could you name the days of the week?", "Please list the days of the week.", "What are the seven days of the week?"])

MONTHS = (
    ["What are the months?", "Tell me the twelve months.", "List the twelve months.", "Can you tell me the months?", "What are all the months?", "Give me a list of the months.", "Name the twelve months of the year.", "What are the months of the year?", "List the months of the year.", "Name the months of the year.", "Tell me the months of the year.",
     "Can you list the months?", "List the months.", "Which months are in a year?", "months of the year", "Name all the months.", "What months are there?",
     "Please name the months of the year.", "Give me the months of the year.", "Can you name the twelve months of the year?"],
    ["Could you name the months of the year?", "Please list the months of the year.", "What are the twelve months?"])

COLOURS = (
    ["Name some colors.", "Name three colors.", "List some colors.", "What colors do you know?", "Tell me some colors.", "Name some colours.", "Name three colours.",
     "Give me some colors.", "Which colors do you know?", "Can you name some colors?", "List three colors.", "Tell me three colours.", "Can you list a few colors?"],
    ["Could you name some colors?", "Please list some colors.", "Can you name three colours?"])

RAINBOW = (
    ["What are the colors of the rainbow?", "List the colors of the rainbow.", "Name the colors of the rainbow.", "Which colors does a rainbow have?",
     "What colors are in a rainbow?", "Tell me the colours of the rainbow.", "What are the colours of the rainbow?"],
    ["Please list the colors of the rainbow.", "Can you name the colors of the rainbow?"])

SEASONS = (
    ["What are the seasons?", "Name the seasons.", "List the four seasons.", "What are the four seasons?", "Which seasons are there?", "Tell me the seasons.",
     "Name the four seasons of the year.", "What are the seasons of the year?"],
    ["Please name the four seasons.", "Can you list the seasons?"])

PLANETS = (
    ["What are the planets?", "Name the planets.", "List the planets.", "List the planets of the solar system.", "Which planets are there?", "Tell me the planets.",
     "What are the planets of the solar system?", "Name all the planets."],
    ["Please list the planets.", "Can you name the planets of the solar system?"])

CONTINENTS = (
    ["Can you name the continents?", "Tell me the seven continents.", "What continents are there?", "Give me a list of the continents.", "Can you list the continents?", "List all continents.", "Name all seven continents.", "What are the continents?", "Name the continents.", "List the seven continents.", "Which continents are there?", "Tell me the continents.",
     "What are the seven continents?", "List the continents of the world."],
    ["Please name the continents.", "Can you list the seven continents?"])

ALPHABET = (
    ["Say the alphabet.", "What is the alphabet?", "Recite the alphabet.", "List the letters of the alphabet.", "Write the alphabet.", "Tell me the alphabet.",
     "Can you say the alphabet?", "Give me the alphabet."],
    ["Please say the alphabet.", "Can you recite the alphabet?"])

DAY_AFTER = (
    ["Do you know what day comes after {x}?", "Tell me the day after {x}.", "Tell me what day comes after {x}.", "After {x} comes which day?", "Which is the day after {x}?", "What day follows {x}?", "What day comes after {x}?", "Which day comes after {x}?", "What comes after {x}?", "What is the day after {x}?", "Which day follows {x}?", "What day is after {x}?"],
    ["Which day is after {x}?", "Can you tell me what day comes after {x}?"])
DAY_BEFORE = (
    ["Do you know what day comes before {x}?", "Tell me the day before {x}.", "Tell me what day comes before {x}.", "Which is the day before {x}?", "What day comes before {x}?", "Which day comes before {x}?", "What comes before {x}?", "What is the day before {x}?", "What day is before {x}?"],
    ["Which day is before {x}?", "Can you tell me what day comes before {x}?"])
MONTH_AFTER = (
    ["Do you know what month comes after {x}?", "Tell me the month after {x}.", "Tell me what month comes after {x}.", "After {x} comes which month?", "What month follows {x}?", "What month is after {x}?", "What month comes after {x}?", "Which month comes after {x}?", "What comes after {x}?", "What is the month after {x}?", "Which month follows {x}?"],
    ["Which month is after {x}?", "Can you tell me what month comes after {x}?"])

OPPOSITE = (
    ["Please tell me the opposite of {x}.", "Could you tell me the opposite of {x}?", "What word is the opposite of {x}?", "Which is the opposite of {x}?", "I need the opposite of {x}.", "What is the contrary of {x}?", "What is the opposite of {x}?", "What's the opposite of {x}?", "Tell me the opposite of {x}.", "Opposite of {x}?", "What is the opposite of the word {x}?",
     "Name the opposite of {x}.", "Give me the opposite of {x}.", "Do you know the opposite of {x}?", "What would be the opposite of {x}?"],
    ["Can you tell me the opposite of {x}?", "Which word is the opposite of {x}?"])

SUM = (
    ["Do you know {a} + {b}?", "Tell me {a} + {b}.", "Can you tell me {a} plus {b}?", "What do you get for {a} + {b}?", "Compute {a} + {b}.", "Could you add {a} and {b}?", "What is {a} added to {b}?", "Work out {a} + {b}.", "Please calculate {a} plus {b}.", "What is {a} + {b}?", "What is {a} plus {b}?", "{a} + {b}", "{a} + {b} = ?", "{a} + {b}?", "How much is {a} + {b}?", "How much is {a} plus {b}?", "What's {a} + {b}?",
     "Calculate {a} + {b}.", "Add {a} and {b}.", "{a} plus {b}?", "What is the sum of {a} and {b}?", "Can you add {a} and {b}?", "what is {a}+{b}", "{a}+{b}", "What is {a}+{b}?"],
    ["Can you calculate {a} + {b}?", "Tell me what {a} plus {b} is.", "Please add {a} and {b}."])
DIFFERENCE = (
    ["Do you know {a} - {b}?", "Tell me {a} - {b}.", "Can you tell me {a} minus {b}?", "Compute {a} - {b}.", "What do you get for {a} - {b}?", "Work out {a} - {b}.", "Please calculate {a} minus {b}.", "Take {b} from {a}.", "What is {a} - {b}?", "What is {a} minus {b}?", "{a} - {b}", "{a} - {b} = ?", "{a} - {b}?", "How much is {a} - {b}?", "How much is {a} minus {b}?", "What's {a} - {b}?",
     "Calculate {a} - {b}.", "Subtract {b} from {a}.", "{a} minus {b}?", "What is {a}-{b}?"],
    ["Can you calculate {a} - {b}?", "Tell me what {a} minus {b} is."])

TELL_NAME = (
    ["My name is {x}.", "My name is {x}.", "My name is {x}", "I am {x}.", "I'm {x}.", "Hi, I am {x}.", "Hello, my name is {x}.", "Hi! My name is {x}.", "Call me {x}.",
     "You can call me {x}.", "Please call me {x}.", "I am called {x}.", "The name is {x}.", "Hello, I'm {x}.", "my name is {x}", "People call me {x}.", "It's me, {x}.",
     "Hey, I'm {x}!", "This is {x}.", "Hello! I am {x}, nice to meet you.", "My name is {x}, by the way.", "Remember that my name is {x}.", "Hi, this is {x}.", "i am {x}",
     "Hello Bitfleet, my name is {x}.", "Let me introduce myself: my name is {x}."],
    ["Hi there, my name is {x}.", "Hello, I am {x}.", "Hey, my name is {x}!", "Hello, this is {x}.", "Good morning, my name is {x}."])
ASK_NAME = (
    ["What is my name?", "What is my name?", "What's my name?", "Do you remember my name?", "Do you know my name?", "Who am I?", "Tell me my name.", "Can you tell me my name?",
     "What was my name?", "what is my name", "Say my name.", "Did I tell you my name?", "What did I say my name was?", "How am I called?", "What am I called?",
     "Please tell me my name.", "Remind me of my name.", "So what is my name?", "And what is my name?"],
    ["Can you remember my name?", "Do you still know my name?", "Do you still remember my name?", "What was my name again?", "Please say my name."])

TELL_FAVOURITE = (
    ["My favourite {k} is {x}.", "My favorite {k} is {x}.", "My favorite {k} is {x}", "I think my favourite {k} is {x}.", "Remember that my favorite {k} is {x}.",
     "{x} is my favourite {k}.", "By the way, my favourite {k} is {x}.", "my favorite {k} is {x}", "Did you know that my favorite {k} is {x}?"],
    ["You should know that my favourite {k} is {x}.", "Well, my favorite {k} is {x}."])
ASK_FAVOURITE = (
    ["What is my favourite {k}?", "What is my favorite {k}?", "What's my favourite {k}?", "Do you remember my favorite {k}?", "Do you know my favourite {k}?",
     "Tell me my favorite {k}.", "Which {k} is my favourite?", "what is my favorite {k}", "What was my favorite {k}?", "Which {k} do I like best?"],
    ["Can you tell me my favourite {k}?", "Do you still know my favorite {k}?", "What did I say my favorite {k} was?"])

TELL_HOME = (["I live in {x}.", "I live in {x}", "I am from {x}.", "I come from {x}.", "My home is in {x}.", "I'm from {x}.", "We live in {x}.", "By the way, I live in {x}."],
             ["You know, I live in {x}.", "Well, I am from {x}."])
ASK_HOME = (["Where do I live?", "Where am I from?", "Do you remember where I live?", "Do you know where I live?", "Which city do I live in?", "Tell me where I live.",
             "In which city do I live?", "What city am I from?"],
            ["Can you tell me where I live?", "Do you still know where I live?"])
TELL_AGE = (["I am {x} years old.", "I'm {x} years old.", "My age is {x}.", "I am {x}.", "I just turned {x}.", "I turned {x} this year."], ["By the way, I am {x} years old.", "Today I turned {x}."])
ASK_AGE = (["How old am I?", "What is my age?", "Do you remember how old I am?", "Do you know my age?", "Tell me how old I am.", "What's my age?"],
           ["Can you tell me how old I am?", "Do you still know my age?"])
TELL_JOB = (["I am {x}.", "I work as {x}.", "I'm {x}.", "My job is to be {x}.", "I am {x} by profession.", "I have a job as {x}."], ["By the way, I work as {x}.", "You know, I am {x}."])
ASK_JOB = (["What is my job?", "What do I do for a living?", "What do I work as?", "Do you remember my job?", "What's my job?", "Do you know what my job is?", "Tell me my job."],
           ["Can you tell me what my job is?", "Do you still know my job?"])
TELL_PET = (["I have a {k} named {x}.", "I have a {k} called {x}.", "My {k} is called {x}.", "My {k}'s name is {x}.", "The name of my {k} is {x}.", "My {k} is named {x}.", "I've got a {k} named {x}."],
            ["By the way, my {k} is called {x}.", "You know, I have a {k} named {x}."])
ASK_PET = (["What is my {k}'s name?", "What is the name of my {k}?", "What is my {k} called?", "Do you remember my {k}'s name?", "How is my {k} called?", "Tell me the name of my {k}.", "What's my {k}'s name?"],
           ["Can you tell me my {k}'s name?", "Do you still know the name of my {k}?"])
TELL_LIKE = (["I like {x}.", "I love {x}.", "I really like {x}.", "I enjoy {x}.", "I am a fan of {x}.", "By the way, I like {x}."], ["You know, I like {x}.", "I really love {x}."])
ASK_LIKE = (["What do I like?", "What do I love?", "Do you remember what I like?", "Tell me what I like.", "Do you know what I like?", "What did I say I like?"],
            ["Can you tell me what I like?", "Do you still know what I like?"])
TELL_KEEP = (["Remember the {k} {x}.", "Please remember the {k} {x}.", "The {k} is {x}.", "The secret {k} is {x}.", "Keep in mind that the {k} is {x}.", "Remember this {k}: {x}.", "Don't forget the {k} {x}."],
             ["Please keep the {k} {x} in mind.", "Remember that the {k} is {x}."])
ASK_KEEP = (["What is the {k}?", "What was the {k}?", "Which {k} did I tell you?", "What {k} did I ask you to remember?", "Do you remember the {k}?", "Tell me the {k}.", "What is the secret {k}?"],
            ["Can you tell me the {k}?", "Do you still know the {k}?"])

LAST_ASKED = (
    ["Tell me what I just asked.", "Can you tell me my last question?", "What have I just asked you?", "What was the question I just asked?", "Say my last question again.", "Do you know what I just asked?", "Could you repeat my question?", "Which question did I just ask?", "Remind me what I asked.", "What did I just ask you?", "What did I just ask you?", "What did I just ask?", "What did I ask you?", "What was my last question?", "What was my previous question?", "What did I ask before?",
     "Do you remember what I just asked?", "Can you repeat my last question?", "Repeat my last question.", "What was the last thing I asked you?", "what did i just ask you", "Repeat my question."],
    ["Can you tell me what I just asked you?", "Do you remember my last question?", "What was my question just now?", "Tell me my last question."])
LAST_SAID = (
    ["Tell me what I just said.", "What was it that I just said?", "Do you remember what I just said?", "Could you repeat what I just said?", "Say again what I said.", "What have I just said?", "What did I just say?", "What did I just tell you?", "What did I say?", "What was my last message?", "Repeat what I said.", "What was the last thing I said?", "Can you repeat my last message?"],
    ["Can you repeat what I just said?", "Tell me my last message."])
FIRST_ASKED = (
    ["Tell me the first thing I asked.", "What was my very first message?", "How did I start this conversation?", "What was the first question I asked?", "Do you know my first question?", "What did I first ask you?", "Can you repeat my first message?", "What was my first question?", "What was the first thing I asked you?", "What did I ask you first?", "Do you remember my first question?", "What was my first message?",
     "Repeat my first question.", "What did I ask at the beginning?", "What did I say first?"],
    ["Can you tell me my first question?", "What was the first thing I said?", "Tell me my first question."])

UNKNOWN = (
    ["Who is {name}?", "Who was {name}?", "When was {name} born?", "Who won the {event} in {year}?", "What is the capital of {fake}?", "What's the capital of {fake}?", "Where is {fake}?",
     "What is the population of {country}?", "Who is the president of {country}?", "Who is the king of {country}?", "What is {odd}?", "What is a {odd}?", "Explain {odd}.", "Tell me about {odd}.",
     "How do I {verb} {thing}?", "How can I {verb} {thing}?", "How do you {verb} {thing}?", "Write a {lang} program that sorts a list.", "Write a {lang} function that adds numbers.", "Write code in {lang}.", "Can you write code?", "Can you program?", "Write some code.", "Can you write {lang}?", "Do you speak {tongue}?", "Can you speak {tongue}?", "Fix this code: {odd}", "{big} * {big2}", "{big} - {small} * {big2}", "What is {big} * {big2}?", "What is {big} minus {big2}?",
     "Translate {odd} into {tongue}.", "How do you say hello in {tongue}?", "What is the {tongue} word for {odd}?", "What does {odd} mean in {tongue}?", "What is the price of {thing}?", "How much does {thing} cost?",
     "What time is it?", "What is the date today?", "What day is it today?", "What is the weather like?", "What is the weather in {city}?", "Will it rain tomorrow?", "How far is {city} from {city2}?", "How old is {name}?",
     "What happened in {year}?", "What is the news today?", "What is {big} times {big2}?", "What is {big} divided by {small}?", "What is {big} + {big2}?", "What is the square root of {big}?",
     "Recommend a {art}.", "Recommend me a good {art}.", "Who wrote {fake}?", "Who invented {thing}?", "Why is {thing} so {adj}?", "Why do people {verb} {thing}?", "What is the best {art}?", "What is your favorite {art}?",
     "Where can I buy {thing}?", "Where can I find {odd}?", "How many {odd}s are in {fake}?", "How tall is {name}?", "Who is the author of {fake}?", "What is the meaning of {odd}?", "Summarize {fake}.", "Is {thing} {adj}?",
     "Can you {verb} {thing}?", "Please {verb} {thing}.", "What is the difference between {odd} and {odd2}?", "Which is better, {odd} or {odd2}?", "Should I {verb} {thing}?", "Solve this equation: {small}x = {big}.",
     "What is the speed of {thing}?", "How heavy is {thing}?", "When was {fake} founded?", "Who discovered {odd}?", "{odd} {odd2}", "{odd}?", "What language do they speak in {country}?", "What is the flag of {country}?",
     "What do you think about {odd}?", "Do you like me?", "Are you happy?", "Why is the sky blue?", "Why is water wet?", "Describe {odd}.", "Define {odd}.", "Explain {odd} to me.", "What does {odd} mean?", "How does {odd} work?", "Tell me more about {odd}.", "{odd}", "What's {odd}?", "Do you like {odd}?", "Do you know {name}?", "Have you heard of {fake}?", "What is {name}'s phone number?", "How long does it take to {verb} {thing}?", "Write an essay about {odd}.",
     "What is the largest city in {country}?", "Who is the mayor of {city}?", "What should I eat today?", "What is the currency of {country}?", "Give me a recipe for {odd}.", "How do I get to {city}?"],
    ["Who is the prime minister of {country}?", "What is the currency of {fake}?", "How deep is {thing}?", "Who founded {fake}?", "Can you translate {odd} into {tongue}?", "Where was {name} born?", "Could you tell me what the capital of {fake} is?",
     "Who won the {event} last year?", "How do I repair {thing}?", "Write a {lang} script for me.", "What do you know about {fake}?", "Which {art} should I choose?", "What is the history of {country}?", "What's the weather today?"])
