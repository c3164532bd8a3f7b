namespace MiniGpt.Model.Formats;

/// <summary>How the numbers of a tensor lie in a file, beside how they lie in the model.</summary>
internal enum TensorLayout
{
    /// <summary>Row after row, [out, in], as in the model.</summary>
    AsIs,

    /// <summary>A matrix that the file has as [in, out].</summary>
    Transposed,

    /// <summary>
    /// The rows of queries or keys, in which rotary positions turn neighbours with each other instead of the first half of a head with the
    /// second.
    /// </summary>
    TurnsNeighbours,

    /// <summary>A vector that the file has as a matrix of one row.</summary>
    OneRow,

    /// <summary>A gain of which the file has what it is more than 1.</summary>
    LessOne,
}

/// <summary>A tensor of a file that is a parameter of the model, or some rows of one.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Layout">How its numbers lie there.</param>
internal readonly record struct TensorPart(string Name, TensorLayout Layout = TensorLayout.AsIs)
{
    public static implicit operator TensorPart(string name) => new(name);
}

/// <summary>
/// How one kind of file names the parameters of an architecture. A line of it is a layer of the model and what the file calls it, * being
/// the number of the block; where the file has the rows of one of our matrices in several, these follow each other, and where it has none,
/// the model knows them. A line may be a single parameter, too.
/// </summary>
internal sealed class TensorMap
{
    private const string BlockPrefix = "blocks.";

    private readonly Dictionary<string, TensorPart[]> _lines;

    /// <summary>Makes a map.</summary>
    /// <param name="lines">A layer of the model, and what the file calls it.</param>
    public TensorMap(params (string Layer, TensorPart[] Parts)[] lines) => _lines = lines.ToDictionary(line => line.Layer, line => line.Parts);

    private TensorMap() => _lines = [];

    private TensorMap(Dictionary<string, TensorPart[]> lines) => _lines = lines;

    /// <summary>The map of files that know the parameters by the names that they have in the model.</summary>
    public static TensorMap Own { get; } = new();

    /// <summary>What names in the file may begin with or not.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>What the names of the blocks' tensors begin with: there, one that the model does not have is a mistake.</summary>
    public IReadOnlyList<string> Blocks { get; init; } = [BlockPrefix, $"encoder.{BlockPrefix}"];

    /// <summary>Ends of names of tensors that are no parameters and change nothing, such as masks.</summary>
    public IReadOnlyList<string> Ignored { get; init; } = [];

    /// <summary>The same map, but for one layer.</summary>
    /// <param name="layer">The layer of the model.</param>
    /// <param name="parts">What the file calls it.</param>
    public TensorMap With(string layer, params TensorPart[] parts) =>
        new(new Dictionary<string, TensorPart[]>(_lines) { [layer] = parts }) { Prefix = Prefix, Blocks = Blocks, Ignored = Ignored };

    /// <summary>What a parameter is in the file.</summary>
    /// <param name="parameter">Its name in the model.</param>
    public IReadOnlyList<TensorPart> Of(string parameter)
    {
        if (_lines.Count == 0)
            return [parameter];
        if (_lines.TryGetValue(parameter, out TensorPart[]? whole))
            return whole;
        int end = parameter.LastIndexOf('.');
        (string layer, string kind) = (parameter[..end], parameter[end..]); // blocks.0.attention.output, .weight
        string number = "";
        if (layer.IndexOf(BlockPrefix, StringComparison.Ordinal) is var start and >= 0)
        {
            int first = start + BlockPrefix.Length, after = layer.IndexOf('.', first);
            number = layer[first..after];
            layer = $"{layer[..first]}*{layer[after..]}";
        }
        return [.. _lines[layer].Select(part => part with { Name = part.Name.Replace("*", number, StringComparison.Ordinal) + kind })];
    }

    /// <summary>Whether a tensor that is no parameter of the model is passed over: a mask, another head, or an empty marker.</summary>
    public bool IsPassedOver(StoredTensor tensor)
    {
        string bare = WithoutPrefix(tensor.Name);
        return tensor.Count == 0 || IsMask(tensor.Name)
            || !Blocks.Any(prefix => bare.StartsWith(prefix, StringComparison.Ordinal) && bare.Length > prefix.Length && char.IsAsciiDigit(bare[prefix.Length]));
    }

    /// <summary>Whether a tensor is one of those that are known to change nothing.</summary>
    public bool IsMask(string tensor) => Ignored.Any(end => tensor.EndsWith(end, StringComparison.Ordinal));

    /// <summary>The other name by which a tensor may be in a file: with the prefix or without.</summary>
    public string WithoutPrefix(string name) =>
        Prefix.Length > 0 && name.StartsWith(Prefix, StringComparison.Ordinal) ? name[Prefix.Length..] : name;
}
