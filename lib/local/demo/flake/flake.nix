{
  description = "The flake that the local channel `demo` starts with";

  outputs =
    { self }:
    let
      greetings = import ./greetings;
    in
    {
      lib.greet = language: name: "${greetings.${language}}, ${name}!";
      greeting = self.lib.greet "english" "channel";
    };
}
