using MiniGpt.Cli.Pages;
using MiniGpt.Cli.Speech;
using MiniGpt.Model.Explanation;
using MiniGpt.Model.Formats;
using MiniGpt.Server;

namespace MiniGpt.Cli.Verbs;

/// <summary>The pages of minigpt explain that a service shows: one for each text that it is asked for.</summary>
/// <param name="model">The model.</param>
/// <param name="own">What is shown where no text is asked for, or one that cannot be shown.</param>
/// <param name="options">What is asked for beside a text.</param>
internal sealed class ExplainPages(LoadedModel<float> model, SentenceExplanation own, ExplanationOptions options)
{
    private readonly Texts _texts = Texts.Of(Messages.Language);

    /// <summary>Makes a page.</summary>
    /// <param name="text">The text; null for the service's own.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public PageAnswer Of(string? text, CancellationToken cancellationToken)
    {
        if (text is null)
            return new PageAnswer(Html(own, new PageService(null, null)));
        try
        {
            return new PageAnswer(Html(SentenceExplanation.Of(model, text, options, cancellationToken: cancellationToken), new PageService(text, null)));
        }
        catch (ArgumentException error)
        {
            return new PageAnswer(Html(own, new PageService(text, LibraryMessages.Translated(error.Message))), IsRefusal: true);
        }
    }

    private byte[] Html(SentenceExplanation explanation, PageService service) =>
        Page.Bytes(ExplainVerb.Scripts, _texts, explanation, PageJson.Default.SentenceExplanation, service);
}
