"""Cards and what they describe: beam, surfaces, trigger, exposure, analyses."""
