{
  english = "Hello";
  german = "Hallo";
  french = "Bonjour";
}
