namespace MiniGpt.Cli.Pages;

/// <summary>What a page is told of the request that it answers, where a service made it.</summary>
/// <param name="Asked">The text that was asked for; null where none was.</param>
/// <param name="Problem">Why the page shows another one, in a sentence; null where it shows that text.</param>
internal sealed record PageService(string? Asked, string? Problem);
