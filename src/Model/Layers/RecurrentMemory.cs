using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Model.Layers;

/// <summary>
/// What a recurrent network remembers of texts that are written token by token: the state of every layer, and an LSTM's cell. It is as large
/// for a long text as for a short one, but it cannot go back. Not safe for use from several threads at once.
/// </summary>
/// <param name="kind">What a step does.</param>
/// <param name="layers">How many layers there are.</param>
/// <param name="width">H: the width of a state.</param>
/// <param name="texts">How many texts are written side by side.</param>
public sealed class RecurrentMemory<T>(RecurrentKind kind, int layers, int width, int texts = 1)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Tensor<T> _states = new([layers, texts, width]);
    private readonly Tensor<T> _cells = kind == RecurrentKind.Lstm ? new([layers, texts, width]) : default;
    private readonly int[] _given = new int[texts];
    private readonly int[] _rows = new int[texts];
    private readonly int[] _positions = new int[texts];

    /// <summary>Where the first of the new positions stands.</summary>
    public int Position => _positions[0];

    /// <summary>Says where the positions of the next forward pass stand.</summary>
    /// <param name="text">The first text that gets positions.</param>
    /// <param name="count">How many neighbouring texts get positions.</param>
    /// <param name="position">The first of them: as many were given before; or 0, and the texts begin anew.</param>
    /// <exception cref="ArgumentException">Another number was given before.</exception>
    public void Begin(int text, int count, int position)
    {
        for (int i = 0; i < count; i++)
            Place(i, text + i, position);
    }

    /// <summary>Says where the positions of the next forward pass stand, of texts that stand at positions of their own.</summary>
    /// <param name="rows">The texts, each once.</param>
    /// <param name="positions">The first new position of each.</param>
    /// <exception cref="ArgumentException">Another number was given before.</exception>
    public void Begin(ReadOnlySpan<int> rows, ReadOnlySpan<int> positions)
    {
        for (int i = 0; i < rows.Length; i++)
            Place(i, rows[i], positions[i]);
    }

    /// <summary>Copies what is kept of one text to another one.</summary>
    public void Copy(int from, int to)
    {
        _given[to] = _given[from];
        Elementwise.Copy(_states.Slice(1, from, 1), _states.Slice(1, to, 1));
        if (!_cells.IsEmpty)
            Elementwise.Copy(_cells.Slice(1, from, 1), _cells.Slice(1, to, 1));
    }

    /// <summary>Takes a layer from the states that are kept to those after the new positions, which are kept instead.</summary>
    internal RecurrentResult<T> Forward(int layer, RecurrentLayer<T> network, Variable<T> x, Tape<T> tape)
    {
        int count = x.Shape[0], steps = x.Shape[1];
        Tensor<T> state = Gather(_states, layer, count, tape), cell = _cells.IsEmpty ? default : Gather(_cells, layer, count, tape);
        RecurrentResult<T> result = network.Forward(x, tape.Constant(state), cell.IsEmpty ? null : tape.Constant(cell));
        Tensor<T> last = result.States.Value.Slice(1, steps - 1, 1);
        for (int i = 0; i < count; i++)
        {
            last.Slice(0, i, 1).Span.CopyTo(Row(_states, layer, i));
            if (result.LastCell is not null)
                result.LastCell.Value.Slice(0, i, 1).Span.CopyTo(Row(_cells, layer, i));
            if (layer == layers - 1)
                _given[_rows[i]] = _positions[i] + steps;
        }

        return result;
    }

    private void Place(int place, int row, int position)
    {
        (_rows[place], _positions[place]) = (row, position);
        Require.That(position == 0 || position == _given[row],
            $"a recurrent network goes on after its last position, {_given[row]}, or begins anew; position {position} was asked for");
        if (position == 0)
            Clear(row);
    }

    private void Clear(int text)
    {
        Elementwise.Fill(_states.Slice(1, text, 1), T.Zero);
        if (!_cells.IsEmpty)
            Elementwise.Fill(_cells.Slice(1, text, 1), T.Zero);
    }

    /// <summary>What is kept of a layer for the texts of this pass, [count, H], on the tape.</summary>
    private Tensor<T> Gather(Tensor<T> all, int layer, int count, Tape<T> tape)
    {
        Tensor<T> gathered = tape.Allocate<T>([count, width]);
        for (int i = 0; i < count; i++)
            Row(all, layer, i).CopyTo(gathered.Slice(0, i, 1).Span);
        return gathered;
    }

    private Span<T> Row(Tensor<T> all, int layer, int place) => all.Slice(0, layer, 1).Reshape([texts, width]).Slice(0, _rows[place], 1).Span;
}
