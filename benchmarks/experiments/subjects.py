"""Names of emoji by what they show, listed by hand: those that `THINGS_VENDORS` all draw."""

from __future__ import annotations

THINGS_VENDORS = ("noto", "twemoji", "openmoji", "fluent-emoji-flat")
THINGS: dict[str, tuple[str, ...]] = {
    "mammals": (
        *("badger", "bear", "beaver", "bison", "deer", "elephant", "fox", "giraffe", "gorilla"),
        *("hedgehog", "hippopotamus", "kangaroo", "otter", "raccoon", "rhinoceros", "zebra"),
    ),
    "birds": (
        *("baby-chick", "chicken", "dodo", "dove", "duck", "eagle", "flamingo", "goose", "owl"),
        *("parrot", "peacock", "penguin", "rooster", "swan", "turkey"),
    ),
    "fruit": (
        *("avocado", "banana", "blueberries", "cherries", "coconut", "grapes", "kiwi-fruit"),
        *("lemon", "mango", "melon", "peach", "pear", "pineapple", "red-apple", "strawberry"),
    ),
    "dishes": (
        *("burrito", "curry-rice", "dumpling", "falafel", "green-salad", "hamburger", "hot-dog"),
        *("pancakes", "pie", "pizza", "sandwich", "spaghetti", "sushi", "taco", "waffle"),
    ),
    "vehicles": (
        *("ambulance", "auto-rickshaw", "bicycle", "bus", "delivery-truck", "fire-engine"),
        *("kick-scooter", "locomotive", "motor-scooter", "motorcycle", "pickup-truck"),
        *("racing-car", "sport-utility-vehicle", "taxi", "tractor"),
    ),
    "buildings": (
        *("bank", "castle", "church", "classical-building", "factory", "hindu-temple"),
        *("hospital", "hotel", "house", "hut", "japanese-castle", "mosque", "office-building"),
        *("school", "synagogue"),
    ),
    "tools": (
        *("axe", "broom", "carpentry-saw", "clamp", "hammer", "ladder", "magnet", "nut-and-bolt"),
        *("paintbrush", "pick", "plunger", "scissors", "screwdriver", "toolbox", "wrench"),
    ),
    "clothing": (
        *("ballet-shoes", "billed-cap", "briefs", "coat", "dress", "gloves", "hiking-boot"),
        *("jeans", "kimono", "necktie", "scarf", "shorts", "socks", "t-shirt", "top-hat"),
    ),
    "instruments": (
        *("accordion", "banjo", "bell", "drum", "flute", "guitar", "long-drum", "maracas"),
        *("musical-keyboard", "postal-horn", "saxophone", "trumpet", "violin"),
    ),
    "sports": (
        *("american-football", "badminton", "baseball", "basketball", "boxing-glove"),
        *("curling-stone", "field-hockey", "ice-hockey", "ice-skate", "lacrosse", "ping-pong"),
        *("skateboard", "skis", "soccer-ball", "tennis", "volleyball"),
    ),
}
TWO_SIDES: dict[str, tuple[str, ...]] = {
    "animals": (
        *THINGS["mammals"],
        *THINGS["birds"],
        *("boar", "camel", "cat", "cow", "crocodile", "dog", "dolphin", "donkey", "ewe", "fish"),
        *("frog", "goat", "hamster", "horse", "koala", "leopard", "lizard", "lobster", "monkey"),
        *("mouse", "octopus", "ox", "panda", "pig", "rabbit", "ram", "seal", "shark", "snail"),
        *("snake", "spider", "squid", "tiger", "turtle", "whale", "wolf"),
    ),
    "food": (
        *THINGS["fruit"],
        *THINGS["dishes"],
        *("bacon", "bagel", "baguette-bread", "bell-pepper", "bento-box", "birthday-cake"),
        *("bread", "broccoli", "candy", "carrot", "cheese-wedge", "chestnut", "chocolate-bar"),
        *("cookie", "croissant", "cucumber", "cupcake", "custard", "dango", "doughnut"),
        *("ear-of-corn", "eggplant", "french-fries", "garlic", "hot-pepper", "ice-cream"),
        *("lollipop", "meat-on-bone", "onion", "popcorn", "potato", "poultry-leg", "pretzel"),
        *("rice-ball", "shortcake", "soft-ice-cream", "tangerine", "tomato", "watermelon"),
    ),
}
