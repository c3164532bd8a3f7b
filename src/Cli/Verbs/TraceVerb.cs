using System.CommandLine;
using System.Numerics;
using MiniGpt.Cli.Display;
using MiniGpt.Cli.Options;
using MiniGpt.Cli.Speech;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Explanation;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Cli.Verbs;

/// <summary>minigpt trace: why a model expects the token that it expects.</summary>
internal sealed class TraceVerb : Verb
{
    private const long MostInDouble = 1L << 28; // parameters: two gigabytes

    private readonly ModelOption _model = new();
    private readonly Option<string?> _text = OptionFactory.Text(OptionFactory.TextName, "TEXT");
    private readonly TraceArguments _asked = new();
    private readonly Option<int> _top = OptionFactory.Whole("--top", 1, int.MaxValue).Defaulting(10);
    private readonly Option<UnknownCharacter> _unknown = OptionFactory.Choice<UnknownCharacter>("--unknown");
    private readonly Option<bool> _json = new("--json");

    public TraceVerb()
        : base("trace")
    {
        foreach (Option option in (IEnumerable<Option>)[_model, _text, .. _asked.All, _top, _unknown, _json])
            Options.Add(option);
    }

    protected override int Run(ParseResult arguments, CancellationToken cancellationToken)
    {
        _asked.Check(arguments, _text);
        using ModelFile file = ModelFile.Open(_model.PathOf(arguments), arguments.GetValue(_unknown));
        file.RequireKind(ModelKind.Decoder);
        ModelNotes.Say(file);
        TraceAnswers answers = new ModelShape(file.Config).Count <= MostInDouble ? Ask<double>(file, arguments, cancellationToken) : Ask<float>(file, arguments, cancellationToken);
        if (arguments.GetValue(_json))
            Console.Out.WriteLine(TraceJson.Of(answers).ToJsonString(Output.ReadableJson));
        else
            TraceTables.Print(answers);
        return 0;
    }

    private TraceAnswers Ask<T>(ModelFile file, ParseResult arguments, CancellationToken cancellationToken)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ITokenizer tokenizer = file.Tokenizer ?? throw new UsageException(Messages.Of("model.no-tokenizer", ("model", file.Path)));
        (int? token, int? against) = _asked.Tokens(arguments, tokenizer);
        int[] ids = IdsOf(_text.Name, arguments.GetValue(_text), file), other = IdsOf(OptionFactory.PatchFromName, _asked.From(arguments), file);
        int top = arguments.GetValue(_top);
        IReadOnlyList<ModelPart> without = _asked.Without(arguments);
        Decoder<T> model = ModelReading.Load<T>(file).Model;
        TraceAnswers answers = new(tokenizer) { Top = top, Text = arguments.GetValue(_text), Ids = ids, OtherText = _asked.From(arguments), OtherIds = other };
        UsageException.Check(() => WorkDisplay.Run(Messages.Of("work.tracing"), progress =>
        {
            if (_asked.Neuron(arguments) is (int layer, int index))
                answers = answers with { Neuron = NeuronView.Of(model, layer, index, top) };
            if (without.Count > 0)
                answers = answers with { SwitchedOff = SwitchedOffView.Of(model, ids, without, top, cancellationToken) };
            if (other.Length > 0)
                answers = answers with { Patching = PatchingView.Of(model, ids, other, token, against, progress, cancellationToken) };
            if (ids.Length > 0)
                answers = Explain(answers, model, token, against, cancellationToken);
            return true;
        }));
        return answers;
    }

    /// <summary>The likeliest tokens; and, where nothing else was asked, where the logit of one comes from.</summary>
    private static TraceAnswers Explain<T>(TraceAnswers answers, Decoder<T> model, int? token, int? against, CancellationToken cancellationToken)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int[] ids = [.. answers.Ids];
        using DecoderTrace<T> trace = model.Trace(ids);
        answers = answers with { Next = NextToken.Likeliest<T>(trace.Logits.Span[^model.Config.VocabularySize..], answers.Top) };
        if (answers is not { Neuron: null, SwitchedOff: null, Patching: null })
            return answers;
        int asked = token ?? answers.Next[0].Id;
        if (asked == against)
            throw new UsageException(Messages.Of("trace.against", ("against", OptionFactory.AgainstName), ("token", OptionFactory.TokenName)));
        return answers with
        {
            Attribution = AttributionView.Of(model, trace, asked, against),
            Gradients = GradientView.Of(model, ids, asked, against, cancellationToken),
        };
    }

    /// <summary>The ids of a text, as the model reads it to go on with it; none where there is none.</summary>
    private static int[] IdsOf(string option, string? text, ModelFile file)
    {
        if (text is null)
            return [];
        int[] ids = text.Length == 0 ? [] : [.. file.Tokenizer!.Ends.Before, .. file.Tokenizer.Encode(text)];
        if (ids.Length == 0)
            throw new UsageException(Messages.Of("trace.empty", ("option", option)));
        if (ids.Length > file.Config.Context)
            throw new UsageException(Messages.Of("trace.too-long", ("option", option), ("tokens", ids.Length), ("model", file.Path), ("context", file.Config.Context)));
        return ids;
    }
}
