using System.CommandLine;
using MiniGpt.Cli.Speech;
using MiniGpt.Model.Explanation;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Cli.Options;

/// <summary>What minigpt trace can be asked. Layers, heads and neurons are counted from 1, as on the pages.</summary>
internal sealed class TraceArguments
{
    private const int MostParts = 10_000;

    private readonly Option<string?> _token = OptionFactory.Text(OptionFactory.TokenName, "TEXT");
    private readonly Option<string?> _against = OptionFactory.Text(OptionFactory.AgainstName, "TEXT");
    private readonly Option<int[][]> _head = OptionFactory.Places("--without-head", "LAYER.HEAD", "2.1", MostParts);
    private readonly Option<int[][]> _attention = OptionFactory.Places("--without-attention", "LAYER", "2", MostParts);
    private readonly Option<int[][]> _feedForward = OptionFactory.Places("--without-feed-forward", "LAYER", "2", MostParts);
    private readonly Option<int[][]> _layer = OptionFactory.Places("--without-layer", "LAYER", "2", MostParts);
    private readonly Option<string?> _from = OptionFactory.Text(OptionFactory.PatchFromName, "TEXT");
    private readonly Option<int[][]> _neuron = OptionFactory.Places("--neuron", "LAYER.INDEX", "2.17", most: 1);

    /// <summary>All of them, in the order of the help.</summary>
    public IEnumerable<Option> All => [_token, _against, _head, _attention, _feedForward, _layer, _from, _neuron];

    /// <summary>What is switched off; nothing where that is not asked.</summary>
    public IReadOnlyList<ModelPart> Without(ParseResult arguments)
    {
        return
        [
            .. Of(_head).Select(place => ModelPart.OfHead(place[0], place[1])),
            .. Of(_attention).Select(place => ModelPart.OfAttention(place[0])),
            .. Of(_feedForward).Select(place => ModelPart.OfFeedForward(place[0])),
            .. Of(_layer).SelectMany(place => ModelPart.OfLayer(place[0])),
        ];

        int[][] Of(Option<int[][]> option) => arguments.GetValue(option) ?? [];
    }

    /// <summary>The text whose vectors are put into the other; null where that is not asked.</summary>
    public string? From(ParseResult arguments) => arguments.GetValue(_from);

    /// <summary>The neuron that is asked about; null where none is.</summary>
    public (int Layer, int Index)? Neuron(ParseResult arguments) => arguments.GetValue(_neuron) is [int[] place] ? (place[0], place[1]) : null;

    /// <summary>Makes sure that what is given goes together.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="text">The option that gives the text.</param>
    /// <exception cref="UsageException">It does not.</exception>
    public void Check(ParseResult arguments, Option text)
    {
        bool hasText = arguments.IsGiven(text), asksNeuron = arguments.IsGiven(_neuron), switchesOff = Without(arguments).Count > 0, patches = arguments.IsGiven(_from);
        if (!hasText && !asksNeuron)
            throw new UsageException(Messages.Of("trace.no-text", ("text", text.Name), ("neuron", _neuron.Name)));
        if (!hasText && All.FirstOrDefault(option => option != _neuron && arguments.IsGiven(option)) is Option other)
            throw new UsageException(Messages.Of("trace.about-text", ("option", other.Name), ("text", text.Name)));
        if ((switchesOff || asksNeuron) && !patches && new Option[] { _token, _against }.FirstOrDefault(arguments.IsGiven) is Option needless)
            throw new UsageException(Messages.Of("trace.needless", ("option", needless.Name), ("other", switchesOff ? Messages.Of("trace.switching-off") : _neuron.Name)));
    }

    /// <summary>Of the tokens that were named, the ids; null for what was left out.</summary>
    /// <exception cref="UsageException">There is no such token.</exception>
    public (int? Token, int? Against) Tokens(ParseResult arguments, ITokenizer tokenizer)
    {
        (int? token, int? against) = (IdOf(_token, arguments, tokenizer), IdOf(_against, arguments, tokenizer));
        return token is null || token != against ? (token, against) : throw new UsageException(Messages.Of("trace.same-token", ("one", _token.Name), ("other", _against.Name)));
    }

    private static int? IdOf(Option<string?> option, ParseResult arguments, ITokenizer tokenizer)
    {
        if (arguments.GetValue(option) is not string text)
            return null;
        int id = Enumerable.Range(0, tokenizer.VocabularySize).FirstOrDefault(id => tokenizer.TokenText(id) == text, -1);
        return id >= 0 ? id : throw new UsageException(Messages.Of("trace.no-token", ("option", option.Name), ("found", text)));
    }
}
