using System.CommandLine;
using MiniGpt.Cli.Display;
using MiniGpt.Cli.Options;
using MiniGpt.Cli.Pages;
using MiniGpt.Model.Explanation;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Cli.Verbs;

/// <summary>minigpt explain: a page that shows what a model does with a sentence.</summary>
internal sealed class ExplainVerb : Verb
{
    // The last one puts the sections of the others on the page.
    private static readonly string[] s_scripts = ["explain-input.js", "explain-attention.js", "explain-output.js", "explain.js"];

    private readonly ModelOption _model = new();
    private readonly Option<string?> _text = OptionFactory.Text(OptionFactory.TextName, "TEXT", "The sentence.");
    private readonly PageOption _out = new("Where the page goes.");
    private readonly Option<Language> _language = LanguageOption.Create();
    private readonly Option<UnknownCharacter> _unknown = OptionFactory.Choice<UnknownCharacter>(
        "--unknown", "What to do with characters that the vocabulary does not have. [default: error]");

    public ExplainVerb()
        : base("explain", "Writes one self-contained HTML page that shows what a model does with a sentence.")
    {
        _text.Required = _out.Required = true;
        foreach (Option option in (IEnumerable<Option>)[_model, _text, _out, _language, _unknown])
            Options.Add(option);
    }

    public override string Example => "minigpt explain --model runs/quick --text \"To be, or not to be\" --out page.html";

    protected override int Run(ParseResult arguments, CancellationToken cancellationToken)
    {
        string from = _model.PathOf(arguments), path = _out.PathOf(arguments, from)!;
        LoadedModel<float> model = ModelFile.Load<float>(from, arguments.GetValue(_unknown));
        SentenceExplanation explanation = SentenceExplanation.Of(model, arguments.GetValue(_text)!, out int left);
        if (left > 0)
            Talk.Say($"note: the context of {model.Path} has room for {explanation.Tokens.Length} tokens; the last {left} are left out");
        cancellationToken.ThrowIfCancellationRequested();
        Page.Write(path, s_scripts, Texts.Of(arguments.GetValue(_language)), explanation);
        Talk.Say($"written to {path}: open it in a browser");
        return 0;
    }
}
