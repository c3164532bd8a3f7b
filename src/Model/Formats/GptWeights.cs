using System.Numerics;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Formats;

/// <summary>
/// A model's parameters, and an optimizer's moments of them, in safetensors files under Hugging Face's names for GPT-2. Those files hold
/// the matrices of the blocks as [in, out], a <see cref="Linear{T}"/> as [out, in].
/// </summary>
public static class GptWeights
{
    private const string Prefix = "transformer.";
    private const string HeadName = "lm_head.weight";
    private const string TableName = "wte.weight";

    private static readonly string[] s_transposed = ["c_attn.weight", "c_proj.weight", "c_fc.weight"];
    private static readonly string[] s_masks = [".attn.bias", ".attn.masked_bias"];
    private static readonly string[] s_moments = ["m.", "v."];

    /// <summary>
    /// Builds a model and fills it. Names may have the prefix "transformer." or not; the masks of old files are passed over.
    /// </summary>
    /// <param name="reader">A file with F64, F32, F16 or BF16 numbers.</param>
    /// <param name="config">The model's sizes. Nothing is allocated before the file is known to have them.</param>
    /// <exception cref="FileFormatException">
    /// A tensor is missing, unexpected, or of another shape or type; or the head is tied and the file has another one.
    /// </exception>
    /// <exception cref="ArgumentException">No model can have this configuration.</exception>
    public static Gpt<T> Read<T>(SafetensorsReader reader, GptConfig config)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // Every block has tensors of its own: this bounds what is built before the shapes are compared.
        if (config.Layers > reader.Entries.Count)
        {
            throw new FileFormatException(reader.Path,
                $"{reader.Entries.Count} tensors found, those of {config.Layers} layers expected");
        }

        Gpt<T> gpt = new(config, allocate: false);
        SafetensorsEntry[] entries = Match(reader, gpt.Parameters, [""], config.TiedHead);
        gpt.Parameters.Allocate();
        T[] buffer = [];
        for (int i = 0; i < entries.Length; i++)
            ReadInto(reader, entries[i], gpt.Parameters.All[i], gpt.Parameters.All[i].Value.Span, ref buffer);
        if (config.TiedHead && reader.TryGet(HeadName, out SafetensorsEntry? head))
            CheckTied(reader, head, gpt.TokenEmbedding.Table, ref buffer);
        return gpt;
    }

    /// <summary>Writes a model, as F32 from floats and F64 from doubles. A tied head is left out.</summary>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public static void Write<T>(Stream stream, Gpt<T> gpt)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Write(stream, gpt.Parameters, [""], [gpt.Parameters.Values]);

    /// <summary>Fills Adam's moments from the tensors m.NAME and v.NAME, each as the file of the model has NAME.</summary>
    /// <param name="reader">The file.</param>
    /// <param name="parameters">The parameters that the moments belong to.</param>
    /// <param name="first">Laid out as <see cref="ParameterSet{T}.Values"/>.</param>
    /// <param name="second">Laid out as <see cref="ParameterSet{T}.Values"/>.</param>
    /// <exception cref="FileFormatException">A tensor is missing, unexpected, or of another shape or type.</exception>
    public static void ReadMoments<T>(SafetensorsReader reader, ParameterSet<T> parameters, Tensor<T> first, Tensor<T> second)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        SafetensorsEntry[] entries = Match(reader, parameters, s_moments, tiedHead: false);
        T[] buffer = [];
        for (int i = 0; i < entries.Length; i++)
        {
            (int moment, int index) = Math.DivRem(i, parameters.All.Count);
            Span<T> numbers = parameters.PartOf(moment == 0 ? first : second, index).Span;
            ReadInto(reader, entries[i], parameters.All[index], numbers, ref buffer);
        }
    }

    /// <summary>Writes Adam's moments as the tensors m.NAME and v.NAME, each as the file of the model has NAME.</summary>
    /// <param name="stream">Where to write.</param>
    /// <param name="parameters">The parameters that the moments belong to.</param>
    /// <param name="first">Laid out as <see cref="ParameterSet{T}.Values"/>.</param>
    /// <param name="second">Laid out as <see cref="ParameterSet{T}.Values"/>.</param>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public static void WriteMoments<T>(Stream stream, ParameterSet<T> parameters, Tensor<T> first, Tensor<T> second)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Write(stream, parameters, s_moments, [first, second]);

    /// <summary>Finds the entry of every parameter, kind after kind, and makes sure that the file has nothing else.</summary>
    private static SafetensorsEntry[] Match<T>(SafetensorsReader reader, ParameterSet<T> parameters, string[] kinds, bool tiedHead)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        SafetensorsEntry[] entries = [.. kinds.SelectMany(kind => parameters.All.Select(parameter => Find(reader, kind, parameter)))];
        HashSet<string> found = [.. entries.Select(entry => entry.Name)];
        SafetensorsEntry? unexpected = reader.Entries.FirstOrDefault(entry =>
            !found.Contains(entry.Name) && !EndsWithAny(entry.Name, s_masks) && !(tiedHead && entry.Name == HeadName));
        return unexpected is null
            ? entries
            : throw new FileFormatException(reader.Path,
                $"an unexpected tensor '{unexpected.Name}' {Text(unexpected.Shape)} found, "
                + $"the {entries.Length} of the configuration expected");
    }

    private static SafetensorsEntry Find<T>(SafetensorsReader reader, string kind, Parameter<T> parameter)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        string name = kind + FileName(parameter);
        long[] shape = FileShape(parameter);
        if (!reader.TryGet(name, out SafetensorsEntry? entry) && !reader.TryGet(kind + parameter.Name, out entry))
            throw new FileFormatException(reader.Path, $"there is no tensor '{name}', one of shape {Text(shape)} expected");
        return entry.Shape.SequenceEqual(shape)
            ? entry
            : throw new FileFormatException(reader.Path, $"tensor '{entry.Name}' has shape {Text(entry.Shape)}, {Text(shape)} expected");
    }

    private static void ReadInto<T>(
        SafetensorsReader reader, SafetensorsEntry entry, Parameter<T> parameter, Span<T> numbers, ref T[] buffer)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (!IsTransposed(parameter))
        {
            reader.Read(entry, numbers);
            return;
        }

        Span<T> stored = Room(ref buffer, numbers.Length);
        reader.Read(entry, stored);
        Transpose(stored, columns: parameter.Shape[0], numbers);
    }

    private static void CheckTied<T>(SafetensorsReader reader, SafetensorsEntry entry, Parameter<T> table, ref T[] buffer)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (entry.Shape.SequenceEqual(FileShape(table)))
        {
            Span<T> head = Room(ref buffer, (int)entry.Count);
            reader.Read(entry, head);
            if (table.Value.Span.SequenceEqual(head))
                return;
        }

        throw new FileFormatException(reader.Path,
            $"{HeadName} {Text(entry.Shape)} differs from {TableName}, the same expected where tie_word_embeddings is true");
    }

    private static void Write<T>(Stream stream, ParameterSet<T> parameters, string[] kinds, Tensor<T>[] flats)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        SafetensorsType type = typeof(T) == typeof(double) ? SafetensorsType.F64 : SafetensorsType.F32;
        SafetensorsWriter writer = new(stream, kinds.SelectMany(kind => parameters.All.Select(parameter =>
            (kind + FileName(parameter), (IReadOnlyList<long>)FileShape(parameter), type))));
        T[] buffer = [];
        foreach (Tensor<T> flat in flats)
        {
            for (int i = 0; i < parameters.All.Count; i++)
            {
                Span<T> numbers = parameters.PartOf(flat, i).Span;
                if (IsTransposed(parameters.All[i]))
                {
                    Span<T> stored = Room(ref buffer, numbers.Length);
                    Transpose(numbers, columns: parameters.All[i].Shape[1], stored);
                    numbers = stored;
                }
                writer.Write<T>(numbers);
            }
        }
        writer.Complete();
    }

    private static string FileName<T>(Parameter<T> parameter) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        parameter.Name == HeadName ? HeadName : Prefix + parameter.Name;

    private static long[] FileShape<T>(Parameter<T> parameter) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        long[] shape = new long[parameter.Shape.Rank];
        for (int axis = 0; axis < shape.Length; axis++)
            shape[axis] = parameter.Shape[IsTransposed(parameter) ? 1 - axis : axis];
        return shape;
    }

    private static bool IsTransposed<T>(Parameter<T> parameter) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        EndsWithAny(parameter.Name, s_transposed);

    private static bool EndsWithAny(string name, string[] endings) =>
        endings.Any(ending => name.EndsWith(ending, StringComparison.Ordinal));

    private static Span<T> Room<T>(scoped ref T[] buffer, int length)
    {
        if (buffer.Length < length)
            buffer = new T[length];
        return buffer.AsSpan(0, length);
    }

    /// <summary>[rows, columns] to [columns, rows], in squares that stay in the nearest cache.</summary>
    private static void Transpose<T>(ReadOnlySpan<T> source, int columns, Span<T> destination)
    {
        const int square = 32;
        int rows = source.Length / columns;
        for (int top = 0; top < rows; top += square)
        {
            for (int left = 0; left < columns; left += square)
            {
                int right = Math.Min(left + square, columns);
                for (int row = top; row < Math.Min(top + square, rows); row++)
                {
                    for (int column = left; column < right; column++)
                        destination[column * rows + row] = source[row * columns + column];
                }
            }
        }
    }

    private static string Text(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";
}
